/**
 * A Photoshop with pixels, which enforces what the real one enforces.
 *
 * Layers hold straight RGBA over the whole canvas plus a margin around it, in the document's own
 * depth: 16 bits as 0..32768, 32 bits in linear light. RGB under alpha 0 is scrambled when it is
 * read, since Photoshop promises nothing of it.
 */
import { FakeImaging } from "./imaging.js";
import { FakeDocument, FakeLayer } from "./document.js";

export class HostError extends Error {
  constructor(message, number = -25920) {
    super(message);
    this.number = number;
  }
}

export class FakePhotoshop {
  constructor() {
    this.documents = [];
    this.active = null;
    this.modalDepth = 0;
    this.cancelled = false;
    this.busyCalls = 0; // that many calls of executeAsModal fail with number 9
    this.modals = []; // names of scopes
    this.nextId = 1;
    this.played = [];
    this.imaging = new FakeImaging(this);
    const host = this;
    this.app = {
      get documents() {
        return host.documents;
      },
      get activeDocument() {
        return host.active;
      },
      set activeDocument(document) {
        host.requireModal("setting activeDocument");
        host.active = document;
      },
    };
    this.core = { executeAsModal: (work, options) => this.executeAsModal(work, options) };
    this.action = { batchPlay: (commands, options) => this.batchPlay(commands, options) };
    this.constants = { ElementPlacement: { PLACEBEFORE: "placeBefore", PLACEAFTER: "placeAfter" } };
  }

  /** What require("photoshop") gives. */
  get module() {
    const { app, core, action, constants, imaging } = this;
    return { app, core, action, constants, imaging };
  }

  /** Opens a document; `paint(x, y)` gives each pixel's RGBA in 0..1. */
  open({ width, height, bits = 8, mode = "RGBColorMode", resolution = 72, paint, background = false }) {
    const document = new FakeDocument(this, { width, height, bits, mode, resolution });
    const layer = new FakeLayer(document, { name: background ? "Background" : "Layer 1", background });
    if (paint) layer.paint(paint);
    document.layers.push(layer);
    document.activeLayers = [layer];
    this.documents.push(document);
    this.active = document;
    return document;
  }

  close(document) {
    this.documents = this.documents.filter((other) => other !== document);
    this.active = this.documents[0] ?? null;
  }

  requireModal(what) {
    if (this.modalDepth === 0) throw new HostError(`${what} is only allowed from inside a modal scope`);
    if (this.cancelled) throw new HostError("The user cancelled the operation", -128);
  }

  async executeAsModal(work, options) {
    if (!options?.commandName) throw new HostError("executeAsModal: commandName is required");
    if (this.busyCalls > 0) {
      this.busyCalls--;
      throw new HostError("The host is in a modal state", 9);
    }
    this.modals.push(options.commandName);
    this.modalDepth++;
    const suspended = new Map();
    const host = this;
    const context = {
      get isCancelled() {
        return host.cancelled;
      },
      onCancel: undefined,
      reportProgress: ({ value }) => {
        if (value !== undefined && !(value >= 0 && value <= 1)) throw new HostError("progress out of range");
      },
      hostControl: {
        suspendHistory: async ({ documentID, name }) => {
          host.requireModal("suspendHistory");
          const document = host.documents.find(({ id }) => id === documentID);
          if (!document) throw new HostError("no such document");
          if (document.suspension) throw new HostError("the history is suspended already");
          document.suspension = { name, before: document.snapshot() };
          suspended.set(documentID, document);
          return { documentID, finalName: name };
        },
        resumeHistory: async ({ documentID }, commit = true) => {
          const document = suspended.get(documentID);
          if (!document) throw new HostError("no such suspension");
          suspended.delete(documentID);
          document.resume(commit);
        },
      },
    };
    try {
      return await work(context, {});
    } finally {
      // A scope that ends takes its suspensions with it.
      for (const document of suspended.values()) document.resume(false);
      this.modalDepth--;
      if (this.modalDepth === 0) this.cancelled = false;
    }
  }

  /** Plays in the active document. What fails is told in its result and ends the rest; nothing is thrown. */
  async batchPlay(commands) {
    this.requireModal("batchPlay");
    const results = [];
    for (const command of commands) {
      this.played.push(command);
      const problem = this.#play(command);
      results.push(problem ? { _obj: "error", message: problem, result: -25920 } : {});
      if (problem) break;
    }
    return results;
  }

  /** What is wrong with the command; nothing when it was played. */
  #play(command) {
    const document = this.active;
    if (command._obj === "select") {
      const layer = document.allLayers().find(({ id }) => id === command._target[0]._id);
      if (!layer) return "The object is not available.";
      document.activeLayers = [layer];
      return "";
    }
    if (command._obj !== "make" || command.at?._value !== "mask") return `The command ${command._obj} is not known.`;
    const [layer] = document.activeLayers;
    if (layer.background || layer.mask || layer.allLocked) return "The command Make is not currently available.";
    const values = { revealAll: 1, hideAll: 0 };
    layer.maskBeyond = values[command.using._value];
    layer.mask = new Float64Array(document.width * document.height).fill(layer.maskBeyond);
    document.changed("Add Layer Mask");
    return "";
  }
}
