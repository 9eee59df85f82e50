/** The reference pictures of a fill: a line for each, with its weight. */
import { cleanWeight, MOST_REFERENCES, rememberedReferences, WEIGHT } from "../references.js";
import { button, element, setDimmed, show } from "./dom.js";

/** @typedef {import("../references.js").Reference} Reference */

/**
 * Created as a whole with the panel: elements added later can't be reached with the Tab key.
 * @param {() => void} onchange
 * @param {{layer: () => Promise<Reference | null>, file: () => Promise<Reference | null>}} ways to choose one; null = none
 * @returns {import("./controls.js").Control}
 */
export function referenceList(onchange, ways) {
  /** @type {Reference[]} */
  let references = [];
  const lines = Array.from({ length: MOST_REFERENCES }, (_, index) => {
    const name = element("div", { class: "words" });
    const weight = element("sp-textfield", {
      class: "weight",
      title: "Weight: how strongly this picture influences the fill; some models ignore weights.",
      "aria-label": `Weight of reference ${index + 1}`,
      change: () => {
        references[index] = { ...references[index], weight: cleanWeight(weight.value) };
        changed();
      },
    });
    const remove = button("Remove", { variant: "secondary", quiet: true, "aria-label": `Remove reference ${index + 1}` }, () => {
      references = references.filter((_, at) => at !== index);
      changed();
    });
    return { name, weight, node: element("div", { class: "hole hidden" }, [name, weight, remove]) };
  });
  const draw = () => {
    for (const [index, line] of lines.entries()) {
      const reference = references[index];
      show(line.node, reference !== undefined);
      if (!reference) {
        line.name.textContent = "";
        continue;
      }
      line.name.textContent = reference.kind === "layer" ? `Layer “${reference.name}”` : reference.name;
      line.weight.value = String(reference.weight ?? WEIGHT.default);
    }
    for (const one of adding) setDimmed(one, references.length === MOST_REFERENCES);
  };
  const changed = () => {
    draw();
    onchange();
  };
  const add = async (/** @type {() => Promise<Reference | null>} */ way) => {
    if (references.length === MOST_REFERENCES) return;
    const one = await way();
    if (!one) return;
    references = [...references, one];
    changed();
  };
  const adding = [
    button("Add layer", { variant: "secondary", title: "Use the active layer as a reference" }, () => void add(ways.layer)),
    button("Add file…", { variant: "secondary", title: "Use a picture file as a reference" }, () => void add(ways.file)),
  ];
  const node = element("div", { "data-setting": "references" }, [
    ...lines.map((line) => line.node),
    element("div", { class: "row buttons" }, adding),
  ]);
  draw();
  return {
    name: "references",
    node,
    input: adding[0],
    read: () => references,
    write: (value) => {
      references = rememberedReferences(value);
      draw();
    },
    expect: () => {},
  };
}
