/**
 * Stand-ins for the Spectrum widgets that Photoshop brings along, drawn much as it draws them: 32 pixels high.
 *
 * They have the properties and events that Adobe documents and no others. What uxp-api/known-issues says of them holds:
 * "Interactive elements swallow most events"; "When a control in a panel is disabled and enabled, it is no longer
 * reachable via TAB"; the numeric text field shows errors that are none. aria-* attributes mean nothing to Photoshop;
 * here they give the tests names to press by.
 */
const SHARED = `
  :host { display: inline-block; box-sizing: border-box; font-family: inherit; font-size: 12px; color: inherit; }
  :host([disabled]) { opacity: 0.4; pointer-events: none; }
  *, ::before, ::after { box-sizing: border-box; font-family: inherit; }
  input, textarea, select { width: 100%; color: inherit; background: var(--field); border: 1px solid var(--edge);
    border-radius: 4px; font-size: 12px; padding: 4px 7px; margin: 0; }
  textarea { height: 100%; resize: none; display: block; line-height: 1.35; }
  :focus-visible { outline: 2px solid #378ef0; outline-offset: 1px; }
  ::placeholder { color: inherit; opacity: 0.5; font-style: italic; }
`;

class Widget extends HTMLElement {
  constructor() {
    super();
    this.attachShadow({ mode: "open" });
  }
  draw(style, html) {
    this.shadowRoot.innerHTML = `<style>${SHARED}${style}</style>${html}`;
    return this.shadowRoot.lastElementChild;
  }
  tell(type) {
    this.dispatchEvent(new Event(type, { bubbles: true }));
  }
  /** Keys reach listeners on the widget itself, and nothing above it. */
  connectedOnce() {
    if (this.keyed) return;
    this.keyed = true;
    this.addEventListener("keydown", (event) => window.readings.keys === "swallowed" && event.stopPropagation());
    new MutationObserver(() => this.hasAttribute("disabled") || this.fallOutOfTabOrder()).observe(this, { attributes: true, attributeFilter: ["disabled"] });
  }
  fallOutOfTabOrder() {
    this.tabIndex = -1;
    for (const inner of this.shadowRoot.querySelectorAll("input, textarea, select")) inner.tabIndex = -1;
  }
}

class Field extends Widget {
  constructor(tag) {
    super();
    this.inner = this.draw(":host, input { height: 32px }", `<${tag}>`);
    this.inner.addEventListener("input", () => this.tell("input"));
    this.inner.addEventListener("change", () => this.tell("change"));
  }
  connectedCallback() {
      this.connectedOnce();
    this.attributeChangedCallback();
    this.inner.setAttribute("aria-label", this.getAttribute("aria-label") ?? "");
  }
  static observedAttributes = ["placeholder"];
  attributeChangedCallback() {
    this.inner.placeholder = this.getAttribute("placeholder") ?? "";
  }
  get value() {
    return this.inner.value;
  }
  set value(value) {
    this.inner.value = value;
  }
}

customElements.define("sp-textarea", class extends Field { constructor() { super("textarea"); } });
customElements.define("sp-textfield", class extends Field { constructor() { super("input"); } });

customElements.define(
  "sp-button",
  class extends Widget {
    connectedCallback() {
      this.connectedOnce();
      const cta = this.getAttribute("variant") === "cta";
      const quiet = this.hasAttribute("quiet");
      this.tabIndex = this.hasAttribute("disabled") ? -1 : 0;
      this.setAttribute("role", "button");
      this.draw(
        `:host { height: 32px; line-height: ${cta || quiet ? 30 : 28}px; padding: 0 ${quiet ? 6 : 14}px; border-radius: 16px; cursor: default;
           text-align: center; font-weight: 600; white-space: nowrap; user-select: none;
           border: ${cta || quiet ? "1px solid transparent" : "2px solid var(--edge)"};
           ${cta ? "background: #1473e6; color: #fff;" : ""} ${quiet ? "padding: 0; font-weight: 400; opacity: .85" : ""} }
         :host(:hover) { ${cta ? "background: #0d66d0" : quiet ? "text-decoration: underline" : "background: var(--hover)"} }
         :host(:focus-visible) { outline: 2px solid #378ef0; outline-offset: 2px; }`,
        "<slot></slot>",
      );
      this.onkeydown = (event) => {
        if (event.key === " " || event.key === "Enter") this.click();
      };
    }
    click() {
      if (!this.hasAttribute("disabled")) super.click();
    }
  },
);

customElements.define(
  "sp-checkbox",
  class extends Widget {
    connectedCallback() {
      this.connectedOnce();
      this.box ??= this.draw(
        `label { display: flex; align-items: center; min-height: 32px } input { width: 14px; height: 14px; margin: 0 8px 0 0; accent-color: #1473e6 }`,
        `<label><input type="checkbox"><slot></slot></label>`,
      ).firstElementChild;
      this.box.checked = this.wanted ?? false;
      this.box.onchange = () => this.tell("change");
    }
    get checked() {
      return this.box ? this.box.checked : (this.wanted ?? false);
    }
    set checked(value) {
      this.wanted = value;
      if (this.box) this.box.checked = value;
    }
  },
);

customElements.define(
  "sp-slider",
  class extends Widget {
    constructor() {
      super();
      this.inner = this.draw(
        `:host { height: 32px } input { appearance: none; height: 2px; padding: 0; margin: 15px 0; border: 0; background: var(--edge); display: block }
         input::-webkit-slider-thumb { appearance: none; width: 14px; height: 14px; border-radius: 7px; border: 2px solid currentColor; background: var(--field) }`,
        `<input type="range">`,
      );
      this.inner.oninput = () => this.tell("input");
      this.inner.onchange = () => this.tell("change");
    }
    connectedCallback() {
      this.connectedOnce();
      this.inner.min = this.getAttribute("min");
      this.inner.max = this.getAttribute("max");
      this.inner.setAttribute("aria-label", this.getAttribute("aria-label") ?? "");
      if (this.wanted !== undefined) this.inner.value = this.wanted;
    }
    get value() {
      return Number(this.inner.value);
    }
    set value(value) {
      this.wanted = value;
      this.inner.value = value;
    }
  },
);

customElements.define("sp-menu", class extends HTMLElement {});
customElements.define("sp-menu-item", class extends HTMLElement {});

customElements.define(
  "sp-picker",
  class extends Widget {
    constructor() {
      super();
      this.inner = this.draw(
        ":host { height: 32px } select { height: 32px; padding: 0 4px; text-overflow: ellipsis } option { color: #222; background: #fff }",
        "<select></select>",
      );
      this.inner.onchange = () => this.tell("change");
      new MutationObserver(() => this.fill()).observe(this, { childList: true, subtree: true });
    }
    connectedCallback() {
      this.connectedOnce();
      this.inner.setAttribute("aria-label", this.getAttribute("aria-label") ?? "");
      this.fill();
    }
    items() {
      return [...this.querySelectorAll("sp-menu-item")];
    }
    fill() {
      const items = this.items();
      this.inner.innerHTML = "";
      for (const item of items) this.inner.add(new Option(item.textContent, item.getAttribute("value")));
      this.inner.selectedIndex = this.wanted ?? items.findIndex((item) => item.hasAttribute("selected"));
    }
    get selectedIndex() {
      return this.inner.selectedIndex;
    }
    set selectedIndex(index) {
      this.wanted = index;
      if (this.inner.options.length === this.items().length) this.inner.selectedIndex = index;
    }
  },
);

customElements.define(
  "sp-progressbar",
  class extends Widget {
    connectedCallback() {
      this.connectedOnce();
      this.bar ??= this.draw(
        ":host { height: 4px; border-radius: 2px; background: var(--edge); overflow: hidden; display: block } div { height: 100%; background: #1473e6 }",
        "<div></div>",
      );
      this.value = this.wanted ?? 0;
    }
    get value() {
      return this.wanted;
    }
    set value(value) {
      this.wanted = value;
      if (this.bar) this.bar.style.width = `${value}%`;
    }
  },
);
