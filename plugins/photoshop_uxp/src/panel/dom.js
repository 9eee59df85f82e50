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
  // Photoshop does not scroll to a widget that the Tab key has reached.
  if (tag.startsWith("sp-")) made.addEventListener("focus", () => scrollTo(made));
  return made;
}

/** @param {any} made */
function scrollTo(made) {
  if (typeof made.scrollIntoViewIfNeeded === "function") made.scrollIntoViewIfNeeded();
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
 * Show that a widget does nothing now. It is never disabled: Photoshop's Tab key would pass it by from then on, even
 * once it is enabled again.
 * @param {Element} target
 * @param {boolean} dimmed
 */
export function setDimmed(target, dimmed) {
  if (dimmed) target.classList.add("dimmed");
  else target.classList.remove("dimmed");
}

/**
 * @param {string} text
 * @param {Record<string, any>} attributes
 * @param {() => void} onclick
 */
export function button(text, attributes, onclick) {
  return element("sp-button", { ...attributes, text, click: onclick });
}

/**
 * Call `pressed` at Ctrl+Enter (Cmd+Return on a Mac). On the widget itself: Photoshop's widgets swallow most keys, so
 * that nothing above them gets to see these.
 * @param {HTMLElement} input
 * @param {() => void} pressed
 */
export function onSubmit(input, pressed) {
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) pressed();
  });
}
