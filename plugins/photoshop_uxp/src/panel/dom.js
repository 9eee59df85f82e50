/** Elements in one line. */

/**
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `text` is the content, functions are listeners
 * @param {(Node | string)[]} [children]
 * @returns {any} Spectrum's widgets have properties that no type here knows
 */
export function element(tag, attributes = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name === "text") made.textContent = value;
    else if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) made.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  return made;
}

/**
 * @param {Element} target
 * @param {boolean} visible
 */
export function show(target, visible) {
  if (visible) target.classList.remove("hidden");
  else target.classList.add("hidden");
}

/**
 * @param {any} target
 * @param {boolean} disabled
 */
export function setDisabled(target, disabled) {
  if (disabled) target.setAttribute("disabled", "");
  else target.removeAttribute("disabled");
}

/**
 * @param {string} text
 * @param {Record<string, any>} attributes
 * @param {() => void} onclick
 */
export function button(text, attributes, onclick) {
  return element("sp-button", { ...attributes, text, click: onclick });
}
