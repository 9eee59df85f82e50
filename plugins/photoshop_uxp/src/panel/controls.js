/** One control for each setting, derived from its description in the protocol. */
import { cleaned, defaults, fieldOf } from "../settings.js";
import { element, setDimmed } from "./dom.js";

/** @typedef {import("../wire/schema.js").Field} Field */
/** @typedef {{value: string | null, label: string}} Choice */

/**
 * @typedef {object} Control
 * @property {string} name
 * @property {HTMLElement} node
 * @property {any} input the widget
 * @property {() => any} read
 * @property {(value: any) => void} write
 * @property {(value: any) => void} expect show what holds while nothing is set: the model's default, or the setting's
 * @property {(choices: Choice[]) => void} [offer] other choices, for a picker
 * @property {HTMLElement} [off] a slider's checkbox for no value at all
 */

/** Choices that a capital letter does not make readable. @type {Record<string, string>} */
const CHOICES = { visible: "All visible layers", active: "Active layer" };

/** No intent: the settings as they are. @type {Choice} */
export const CUSTOM = { value: "", label: "Custom" };

/** Positions of a slider: UXP's sliders count in whole numbers. */
const SLIDER_STEPS = 100;

/**
 * @param {string} name of the setting
 * @param {() => void} onchange
 * @returns {Control}
 */
export function controlFor(name, onchange) {
  const field = fieldOf(name);
  const type = field.type.replace(/\?$/, "");
  if (type === "bool") return checkbox(field, onchange);
  if (field.choices) return picker(field, onchange, field.choices.map((value) => ({ value, label: worded(value) })));
  if (name === "intent") return picker(field, onchange, [CUSTOM]);
  if (name === "model") return picker(field, onchange, [{ value: "", label: "Default" }]);
  if (name === "prompt" || name === "negative_prompt") return textArea(field, onchange);
  if (type === "str") return textLine(field, onchange);
  if (type === "float" && field.maximum === 1 && field.default !== null) return slider(field, onchange);
  return textField(field, onchange);
}

/**
 * @param {Field} field
 * @param {Node[]} inner
 * @param {string} [extra] more classes
 */
function framed(field, inner, extra = "") {
  const unit = field.unit ? ` (${field.unit})` : "";
  const words = element("span", { text: `${field.label}${unit}` });
  const label = element("div", { class: "label", title: field.help }, [words]);
  return { label, node: element("div", { class: `field ${extra}`, "data-setting": field.name }, [label, ...inner]) };
}

/** @param {Field} field @param {() => void} onchange @returns {Control} */
function textArea(field, onchange) {
  const input = element("sp-textarea", {
    title: field.help,
    placeholder: field.help,
    "aria-label": field.label,
    input: onchange,
  });
  const { node } = framed(field, [input], field.name === "prompt" ? "prompt" : "negative");
  return {
    name: field.name,
    node,
    input,
    read: () => cleaned(field.name, input.value),
    write: (value) => (input.value = value),
    expect: () => {},
  };
}

/** @param {Field} field @param {() => void} onchange @returns {Control} */
function textLine(field, onchange) {
  const input = element("sp-textfield", {
    title: field.help,
    placeholder: "hair, hat",
    "aria-label": field.label,
    input: onchange,
  });
  return {
    name: field.name,
    node: element("div", { class: "field", "data-setting": field.name }, [input]),
    input,
    read: () => cleaned(field.name, input.value),
    write: (value) => (input.value = value),
    expect: () => {},
  };
}

/** Placeholders of empty fields that have no default. @type {Record<string, string>} */
const NOTHING = { seed: "random", threshold: "off" };

/** @param {Field} field @param {() => void} onchange @returns {Control} */
function textField(field, onchange) {
  // Not type="number": Adobe's known issues have it show errors for values that are right.
  const input = element("sp-textfield", {
    title: field.help,
    "aria-label": field.label,
    change: () => {
      write(read());
      onchange();
    },
  });
  const read = () => cleaned(field.name, input.value);
  const write = (/** @type {any} */ value) => (input.value = value === null ? "" : String(value));
  const expect = (/** @type {any} */ value) =>
    input.setAttribute("placeholder", value === null || value === undefined ? (NOTHING[field.name] ?? "") : String(value));
  expect(field.default);
  return { name: field.name, node: framed(field, [input]).node, input, read, write, expect };
}

/** @param {Field} field @param {() => void} onchange @returns {Control} */
function slider(field, onchange) {
  const { minimum = 0, maximum = 1 } = field;
  let isSet = false;
  let expected = field.default;
  const told = () => {
    isSet = true;
    tell();
    onchange();
  };
  const number = element("span");
  const input = element("sp-slider", {
    title: field.help,
    min: 0,
    max: SLIDER_STEPS,
    "show-value": "false",
    "aria-label": field.label,
    input: () => {
      isSet = true;
      tell();
    },
    change: told,
  });
  const isSoftAtZero = field.name === "text_mask_threshold";
  const off = isSoftAtZero ? element("sp-checkbox", { title: field.help, text: "Soft", change: told }) : null;
  const position = () =>
    cleaned(field.name, (minimum + ((maximum - minimum) * Number(input.value)) / SLIDER_STEPS).toFixed(2));
  const read = () => (!isSet ? null : off?.checked ? 0 : position());
  const tell = () => {
    number.textContent = off?.checked ? "soft" : position().toFixed(2);
    setDimmed(input, Boolean(off?.checked));
  };
  const write = (/** @type {any} */ value) => {
    isSet = value !== null;
    if (off) off.checked = value === 0;
    const shown = value || (isSet && !off) ? value : expected;
    input.value = Math.round(((shown - minimum) / (maximum - minimum)) * SLIDER_STEPS);
    tell();
  };
  const { node, label } = framed(field, [input]);
  label.classList.add("with-value");
  label.appendChild(number);
  const expect = (/** @type {any} */ value) => {
    expected = value;
    if (!isSet) write(null);
  };
  return { name: field.name, node, input, off, read, write, expect };
}

/** @param {Field} field @param {() => void} onchange @returns {Control} */
function checkbox(field, onchange) {
  const input = element("sp-checkbox", { title: field.help, text: field.label, change: onchange });
  const node = element("div", { class: "field", "data-setting": field.name }, [input]);
  return {
    name: field.name,
    node,
    input,
    read: () => Boolean(input.checked),
    write: (value) => (input.checked = value),
    expect: () => {},
  };
}

/**
 * @param {Field} field
 * @param {() => void} onchange
 * @param {Choice[]} initial
 * @returns {Control}
 */
function picker(field, onchange, initial) {
  const nothing = defaults()[field.name];
  // Where nothing can be set, that is a choice of its own, worded by what holds then.
  let unset = nothing === null ? [{ value: null, label: `${worded(field.default)} (default)` }] : [];
  let offered = initial;
  let chosen = nothing;
  const choices = () => [...unset, ...offered];
  const menu = element("sp-menu", { slot: "options" });
  const input = element(
    "sp-picker",
    {
      title: field.help,
      "aria-label": field.label,
      change: () => {
        const choice = choices()[input.selectedIndex];
        chosen = choice ? choice.value : nothing;
        onchange();
      },
    },
    [menu],
  );
  const draw = () => {
    // A chosen model that no longer exists is still shown by name; the daemon reports the error.
    if (!choices().some(({ value }) => value === chosen)) offered = [...offered, { value: chosen, label: String(chosen) }];
    menu.textContent = "";
    for (const { value, label } of choices())
      menu.appendChild(element("sp-menu-item", { value: value ?? "", text: label, selected: value === chosen }));
    input.selectedIndex = choices().findIndex(({ value }) => value === chosen);
  };
  draw();
  return {
    name: field.name,
    node: framed(field, [input]).node,
    input,
    read: () => chosen,
    write: (value) => {
      chosen = value;
      draw();
    },
    expect: (value) => {
      if (unset.length === 0) return;
      unset = [{ value: null, label: `${worded(value)} (default)` }];
      draw();
    },
    offer: (present) => {
      offered = present;
      draw();
    },
  };
}

/** @param {string} value of a choice */
const worded = (value) => CHOICES[value] ?? value.charAt(0).toUpperCase() + value.slice(1);
