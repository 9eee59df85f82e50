/**
 * A Photoshop with pixels, stricter than the real one: it enforces what Adobe documents, and runs in every
 * reading of what is not documented (see readings.js).
 *
 * Layers hold straight RGBA over the whole canvas plus a margin around it, in the document's own mode and
 * depth: 16 bits as 0..32768, 32 bits in linear light. RGB under alpha 0 is scrambled when it is read,
 * since Photoshop promises nothing of it.
 */
import { FakeActions } from "./actions.js";
import { FakeDocument } from "./document.js";
import { HostError } from "./error.js";
import { FakeImaging } from "./imaging.js";
import { FakeLayer } from "./layer.js";
import { ownReadings } from "./readings.js";

export class FakePhotoshop {
  /** @param {Record<string, string>} [readings] of points that are not documented */
  constructor(readings = {}) {
    this.readings = { ...ownReadings(), ...readings };
    this.version = "25.0.0";
    this.documents = [];
    this.active = null;
    this.modalDepth = 0;
    this.cancelled = false;
    this.busyCalls = 0; // that many calls of executeAsModal fail with number 9
    this.modals = []; // names of scopes
    this.alerts = [];
    this.nextId = 1;
    this.imaging = new FakeImaging(this);
    this.actions = new FakeActions(this);
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
        if (host.readings.activeDocument === "fixed") return;
        host.active = document;
      },
      /** Every file is a red picture of 8 x 6 pixels, but for what cannot be read. */
      async open(entry) {
        host.requireModal("open");
        if (!entry?.isFile || !entry.name.endsWith(".png")) throw new HostError("Could not open the file.");
        return host.open({ width: 8, height: 6, paint: () => [1, 0, 0, 1], background: true });
      },
      async createDocument({ width = 100, height = 100, depth = 8, mode = "RGBColorMode" } = {}) {
        host.requireModal("createDocument");
        return host.open({ width, height, bits: depth, mode, paint: () => [1, 1, 1, 1], background: true });
      },
    };
    this.core = {
      executeAsModal: (work, options) => this.executeAsModal(work, options),
      showAlert: async (message) => void this.alerts.push(String(message?.message ?? message)),
      getPluginInfo: () => ({ version: "0.1.0" }),
    };
    this.action = this.actions.module;
    this.constants = { ElementPlacement: { PLACEBEFORE: "placeBefore", PLACEAFTER: "placeAfter", PLACEINSIDE: "placeInside" } };
  }

  /** What require("photoshop") gives. */
  get module() {
    const { app, core, action, constants, imaging } = this;
    return { app, core, action, constants, imaging };
  }

  /** Open a document; `paint(x, y)` gives each pixel's RGBA in 0..1. */
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
    if (this.active === document) this.active = this.documents[0] ?? null;
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
    try {
      return await work(this.#context(suspended), {});
    } finally {
      // A scope that ends takes its suspensions with it.
      for (const document of suspended.values()) document.resume(false);
      this.modalDepth--;
      if (this.modalDepth === 0) this.cancelled = false;
    }
  }

  #context(suspended) {
    const host = this;
    return {
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
  }
}
