/** One control for each setting, made from what the protocol says of the setting. */
import { cleaned, FIELDS } from "../settings.js";
import { element, setDimmed } from "./dom.js";

/** @typedef {import("../wire/schema.js").Field} Field */
/** @typedef {{value: string, label: string}} Choice */

/**
 * @typedef {object} Control
 * @property {string} name
 * @property {HTMLElement} node
 * @property {any} input the widget
 * @property {() => any} read
 * @property {(value: any) => void} write
 * @property {(choices: Choice[]) => void} [offer] other choices, for a picker
 * @property {HTMLElement} [off] a slider's checkbox for no value at all
 */

/** Choices that a capital letter does not make readable. @type {Record<string, string>} */
const CHOICES = { visible: "All visible layers", active: "Active layer" };

/** Positions of a slider: UXP's sliders count in whole numbers. */
const SLIDER_STEPS = 100;

/**
 * @param {string} name of the setting
 * @param {() => void} onchange
 * @returns {Control}
 */
export function controlFor(name, onchange) {
  const field = /** @type {Field} */ (FIELDS.get(name));
  const type = field.type.replace(/\?$/, "");
  if (type === "bool") return checkbox(field, onchange);
  if (field.choices) return picker(field, onchange, field.choices.map((value) => ({ value, label: CHOICES[value] ?? capitalised(value) })));
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
  };
}

/** @param {Field} field @param {() => void} onchange @returns {Control} */
function textField(field, onchange) {
  const optional = field.type.endsWith("?");
  const input = element("sp-textfield", {
    title: field.help,
    placeholder: optional ? (field.name === "seed" ? "random" : "off") : undefined,
    "aria-label": field.label,
    change: () => {
      write(read());
      onchange();
    },
  });
  const read = () => cleaned(field.name, input.value);
  const write = (/** @type {any} */ value) => (input.value = value === null ? "" : String(value));
  return { name: field.name, node: framed(field, [input]).node, input, read, write };
}

/** @param {Field} field @param {() => void} onchange @returns {Control} */
function slider(field, onchange) {
  const { minimum = 0, maximum = 1 } = field;
  const told = () => {
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
    input: () => tell(),
    change: told,
  });
  const isSoftAtZero = field.name === "text_mask_threshold";
  const off = isSoftAtZero ? element("sp-checkbox", { title: field.help, text: "Soft", change: told }) : null;
  const position = () =>
    cleaned(field.name, (minimum + ((maximum - minimum) * Number(input.value)) / SLIDER_STEPS).toFixed(2));
  const read = () => (off?.checked ? 0 : position());
  const tell = () => {
    number.textContent = off?.checked ? "soft" : position().toFixed(2);
    setDimmed(input, Boolean(off?.checked));
  };
  const { node, label } = framed(field, [input]);
  label.classList.add("with-value");
  label.appendChild(number);
  return {
    name: field.name,
    node,
    input,
    off,
    read,
    write: (value) => {
      if (off) off.checked = value === 0;
      const shown = value || !off ? value : field.default;
      input.value = Math.round(((shown - minimum) / (maximum - minimum)) * SLIDER_STEPS);
      tell();
    },
  };
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
  };
}

/**
 * @param {Field} field
 * @param {() => void} onchange
 * @param {Choice[]} initial
 * @returns {Control}
 */
function picker(field, onchange, initial) {
  let choices = initial;
  let chosen = field.default;
  const menu = element("sp-menu", { slot: "options" });
  const input = element(
    "sp-picker",
    {
      title: field.help,
      "aria-label": field.label,
      change: () => {
        chosen = choices[input.selectedIndex]?.value ?? field.default;
        onchange();
      },
    },
    [menu],
  );
  const draw = () => {
    menu.textContent = "";
    for (const { value, label } of choices)
      menu.appendChild(element("sp-menu-item", { value, text: label, selected: value === chosen }));
    input.selectedIndex = choices.findIndex(({ value }) => value === chosen);
  };
  draw();
  return {
    name: field.name,
    node: framed(field, [input]).node,
    input,
    read: () => chosen,
    write: (value) => {
      chosen = value;
      // A model that was chosen before and is gone now shows as itself; the daemon says what is wrong.
      if (!choices.some((choice) => choice.value === value)) choices = [...choices, { value, label: String(value) }];
      draw();
    },
    offer: (offered) => {
      choices = offered.some(({ value }) => value === chosen) ? offered : [...offered, { value: chosen, label: chosen }];
      draw();
    },
  };
}

/** @param {string} word */
const capitalised = (word) => word.charAt(0).toUpperCase() + word.slice(1);
