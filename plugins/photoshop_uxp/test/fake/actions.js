/** The fake's action module: batchPlay for the commands that the plug-in plays, and recordAction. */

const GENERATOR = "generatorSettings";

export class FakeActions {
  constructor(host) {
    this.host = host;
    this.played = [];
    this.recorded = null; // the steps of an Action while one is recorded
  }

  get module() {
    return {
      batchPlay: (commands, options) => this.batchPlay(commands, options),
      recordAction: (step, info) => this.recordAction(step, info),
    };
  }

  /** Play in the active document where the target names none. What fails ends the rest. */
  async batchPlay(commands) {
    if (!Array.isArray(commands)) throw new Error("Argument 1 has an invalid type. Expected type: array");
    const changes = commands.some(({ _obj }) => _obj !== "get");
    if (changes) this.host.requireModal("batchPlay");
    const results = [];
    for (const command of commands) {
      this.played.push(command);
      const outcome = this.#play(command);
      if (typeof outcome !== "string") {
        results.push(outcome);
        continue;
      }
      const { playFailure } = this.host.readings;
      if (playFailure === "throws") throw new Error(outcome);
      results.push({ _obj: playFailure, message: outcome, result: -25920 });
      break;
    }
    return results;
  }

  /** The result, or a sentence that says what is wrong with the command. */
  #play(command) {
    const target = [command._target ?? []].flat();
    const named = (kind) => target.find(({ _ref }) => _ref === kind)?._id;
    const document = named("document") === undefined ? this.host.active : this.host.documents.find(({ id }) => id === named("document"));
    if (!document) return "The object “document” is not currently available.";
    const layer = named("layer") === undefined ? document.activeLayers[0] : document.layer(named("layer"));
    if (named("layer") !== undefined && !layer) return "The object “layer” is not currently available.";
    const property = target.find(({ _property }) => _property)?._property;
    if (command._obj === "select") {
      document.activeLayers = [layer];
      return {};
    }
    if (command._obj === "get" && property === GENERATOR) {
      const json = layer.generator[command.property];
      return json === undefined ? {} : { [GENERATOR]: { _obj: "null", json } };
    }
    if (command._obj === "set" && property === GENERATOR) {
      if (typeof command.to?.json !== "string" || !command.property) return "The command Set is not currently available.";
      layer.generator[command.property] = command.to.json;
      document.changed("Set Generator Settings");
      return {};
    }
    if (command._obj === "get" && property === "artboard") {
      const board = layer.artboard;
      return board ? { artboard: { _obj: "artboard", artboardRect: { _obj: "classFloatRect", ...board } } } : {};
    }
    if (command._obj === "make" && command.at?._value === "mask") {
      if (!layer || layer.background || layer.mask || layer.allLocked) return "The command Make is not currently available.";
      layer.maskBeyond = { revealAll: 1, hideAll: 0 }[command.using._value];
      layer.mask = new Float64Array(document.width * document.height).fill(layer.maskBeyond);
      document.changed("Add Layer Mask");
      return {};
    }
    return `The command ${command._obj} is not known.`;
  }

  /** ps-reference/media/action-recording: a name, a global function's name, and data that must be there. */
  async recordAction(step, info) {
    if (info === undefined) throw new Error("Failed Error: Argument 2 is missing");
    if (typeof step?.methodName !== "string") throw new Error("Unsupported napi type");
    if (!this.recorded) {
      if (this.host.readings.recordIdle === "throws") throw new Error("No Action is being recorded");
      return;
    }
    this.recorded.push({ ...step, info: structuredClone(info) });
  }

  /** Play recorded steps one after the other, each awaited, as the Actions panel and Batch do. */
  async playBack(steps) {
    for (const { methodName, info } of steps) {
      const method = globalThis[methodName];
      if (typeof method !== "function") throw new Error("Script action failed.");
      await this.host.executeAsModal((context) => method(context, structuredClone(info)), { commandName: "Script action" });
    }
  }
}
