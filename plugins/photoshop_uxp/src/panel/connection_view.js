/** The state of the daemon, the ways to get one (start it, locate its connection file), and problems of its machine. */
import { ownVersion, REMEDIES, skew } from "../daemon/versions.js";
import { button, element, show } from "./dom.js";

/** @typedef {import("../daemon/link.js").LinkState} LinkState */

/**
 * @typedef {object} ConnectionActions
 * @property {() => void} start the daemon
 * @property {() => void} restart it, so that it is of the version that is installed
 * @property {() => void} pair by a file picker, once and for all
 * @property {(text: string) => void} paste
 */

/** Codes of errors that starting the daemon fixes. */
const STARTABLE = ["not_running", "no_access", "disconnected"];

export class ConnectionView {
  /** @param {ConnectionActions} actions */
  constructor({ start, restart, pair, paste }) {
    this.dot = element("div", { class: "dot" });
    this.words = element("div", { class: "words", role: "status" });
    this.start = button("Start", { variant: "primary", title: "Start the inpaint daemon" }, start);
    this.restart = button("Restart daemon", { variant: "secondary", class: "hidden", title: "Stop the running daemon and start the installed one" }, restart);
    this.pair = button("Choose folder…", { variant: "secondary", title: "Choose your home folder, once" }, pair);
    this.byHand = button("Paste…", { variant: "secondary", title: "Paste the contents of connection.json" }, () =>
      show(this.paste, true),
    );
    this.pasted = element("sp-textarea", {
      "aria-label": "Contents of connection.json",
      placeholder: "Contents of .inpaintd/connection.json in your home folder",
    });
    this.paste = element("div", { class: "field hidden" }, [
      this.pasted,
      button("Connect", { variant: "secondary" }, () => paste(this.pasted.value)),
    ]);
    this.ways = element("div", { class: "ways hidden" }, [this.start, this.pair, this.byHand]);
    const status = element("div", { class: "status" }, [this.dot, this.words]);
    this.versions = element("div", { class: "skew hidden", role: "status" });
    this.notices = element("div", { class: "ailments hidden", role: "status" });
    const restarting = element("div", { class: "ways" }, [this.restart]);
    this.node = element("div", {}, [status, this.versions, restarting, this.notices, this.ways, this.paste]);
    this.set({ name: "connecting" });
  }

  /** @param {LinkState} state */
  set(state) {
    this.dot.className = `dot ${state.name}`;
    if (state.name === "connected") this.words.textContent = `Connected to inpaintd ${state.version}`;
    else if (state.name === "connecting") this.words.textContent = "Looking for the inpaint daemon…";
    else {
      this.words.textContent = state.error.message;
      this.words.appendChild(element("div", { class: "hint", text: state.error.hint }));
      show(this.start, STARTABLE.includes(state.error.code));
    }
    if (state.name !== "connecting") this.compare(state);
    if (state.name !== "connecting") show(this.ways, state.name === "lost");
    if (state.name === "connected") show(this.paste, false);
    else this.tell([]);
  }

  /** Say which half is to be updated. @param {LinkState} state */
  compare(state) {
    const differs = state.name === "connected" ? skew(ownVersion(), state.version) : null;
    this.versions.textContent = "";
    if (differs) this.versions.appendChild(notice(differs));
    show(this.versions, differs !== null);
    const isOld = state.name === "lost" && state.error.code === "wrong_version" && state.error.hint === REMEDIES.daemon;
    show(this.restart, differs?.older === "daemon" || isOld);
  }

  /** @param {{message: string, remedy: string}[]} notices of what keeps models from running well on the daemon's machine */
  tell(notices) {
    this.notices.textContent = "";
    for (const one of notices) this.notices.appendChild(notice(one));
    show(this.notices, notices.length > 0);
  }

  /** @param {string} words that follow the error */
  say(words) {
    this.words.textContent = words;
  }
}

/** @param {{message: string, remedy: string}} said */
function notice({ message, remedy }) {
  const line = element("div", { text: message });
  if (remedy) line.appendChild(element("div", { class: "hint", text: remedy }));
  return line;
}
