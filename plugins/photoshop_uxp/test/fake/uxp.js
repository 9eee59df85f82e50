/** The rest of the fake host: require("uxp"), "fs", "os", storage, the shell, and the rule on WebSocket URLs. */

const HOMES = { darwin: "/Users/artist", win32: "C:\\Users\\artist" };

/**
 * @param {{connection?: () => string | Promise<string>, manifest: any, platform?: string, access?: "full" | "denied", plugin?: string}} options
 *   `connection` gives the contents of connection.json, or throws as the file system would
 */
export function fakeUxp({ connection, manifest, platform = "darwin", access = "full", plugin = manifest.version }) {
  const home = HOMES[platform];
  const separator = platform === "win32" ? "\\" : "/";
  const secrets = new Map();
  const tokens = new Map();
  const state = {
    setUp: null,
    secrets,
    opened: [], // by the shell
    refusal: "", // what the shell says instead
    picked: null, // what the user chooses in the next picker: a folder's name
    pickers: 0,
    picture: null, // the name of the file that the user chooses
    saved: null, // the text of the last file that was saved
    access,
  };
  const readFile = async () => {
    if (!connection) throw new Error("ENOENT: no such file");
    return connection();
  };
  /** modules/uxp/persistent-file-storage/folder: getEntry takes a path relative to the folder. */
  const folder = (name) => ({
    name,
    isFolder: true,
    async getEntry(path) {
      const wanted = name === ".inpaintd" ? "connection.json" : name === "artist" ? ".inpaintd/connection.json" : null;
      if (path !== wanted) throw new Error(`Could not find an entry of '${path}'`);
      return { name: "connection.json", isFile: true, read: readFile };
    },
  });
  const modules = {
    uxp: {
      host: { name: "photoshop", version: "25.0.0" },
      versions: { uxp: "uxp-7.2.0", plugin },
      entrypoints: {
        setup(entrypoints) {
          if (state.setUp) throw new Error("entrypoints.setup may be called once only");
          for (const kind of ["panels", "commands"])
            for (const id of Object.keys(entrypoints[kind] ?? {}))
              if (!manifest.entrypoints.some((entry) => entry.id === id && `${entry.type}s` === kind))
                throw new Error(`${id} is not in the manifest`);
          state.setUp = entrypoints;
        },
      },
      shell: {
        /** modules/uxp/shell: "" when it went well; only extensions that the manifest names. */
        async openPath(path) {
          const allowed = manifest.requiredPermissions.launchProcess?.extensions ?? [];
          if (!allowed.some((extension) => path.endsWith(extension))) throw new Error("Permission denied. Manifest entry not found.");
          if (state.refusal) return state.refusal;
          state.opened.push(path);
          return "";
        },
      },
      storage: {
        secureStorage: {
          setItem: async (key, value) => void secrets.set(key, new TextEncoder().encode(value)),
          getItem: async (key) => secrets.get(key) ?? null,
          removeItem: async (key) => void secrets.delete(key),
        },
        localFileSystem: {
          async getFolder() {
            state.pickers++;
            return state.picked === null ? null : folder(state.picked);
          },
          async getFileForOpening() {
            return state.picture === null ? null : { name: state.picture, isFile: true };
          },
          async createPersistentToken(entry) {
            const token = `token ${tokens.size}`;
            tokens.set(token, entry);
            return token;
          },
          async getEntryForPersistentToken(token) {
            if (!tokens.has(token)) throw new ReferenceError("token is not defined");
            return tokens.get(token);
          },
          async getFileForSaving(name) {
            return { name, write: async (text) => void (state.saved = text) };
          },
        },
      },
    },
    os: { homedir: () => home, platform: () => platform, release: () => "23.0" },
    fs: {
      async readFile(path) {
        if (state.access === "denied") throw new Error("Permission denied to open the file");
        if (path !== [home, ".inpaintd", "connection.json"].join(separator)) throw new Error(`ENOENT: ${path}`);
        return readFile();
      },
    },
  };
  return { state, modules };
}

/**
 * A WebSocket class that refuses what the manifest does not allow, as Photoshop does.
 * @param {any} Real
 * @param {any} manifest
 * @param {string} [origin] that is sent along, where the class takes one
 */
export function guardedWebSocket(Real, manifest, origin) {
  const { domains } = manifest.requiredPermissions.network;
  return class extends Real {
    constructor(url, protocols) {
      const allowed = domains.some((domain) => {
        const entry = new URL(domain);
        const wanted = new URL(url);
        return entry.protocol === wanted.protocol && entry.hostname === wanted.hostname && (!entry.port || entry.port === wanted.port);
      });
      if (!allowed) throw new Error(`Permission denied to the url ${url}. Manifest entry not found.`);
      if (origin === undefined) super(url, protocols);
      else super(url, protocols, { origin: origin.replace("PORT", new URL(url).port) });
    }
  };
}

/** localStorage, for Node. */
export function fakeStorage() {
  const items = new Map();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, String(value)),
    removeItem: (key) => void items.delete(key),
  };
}
