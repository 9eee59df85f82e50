/** The rest of the fake host: require("uxp"), "fs", "os", storage, and the rule on WebSocket URLs. */

/**
 * @param {{connection?: () => string | Promise<string>, manifest: any}} options `connection` gives
 *   the contents of connection.json, or throws as the file system would
 */
export function fakeUxp({ connection, manifest }) {
  const secrets = new Map();
  const state = { setUp: null, secrets };
  const modules = {
    uxp: {
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
      storage: {
        secureStorage: {
          setItem: async (key, value) => void secrets.set(key, new TextEncoder().encode(value)),
          getItem: async (key) => secrets.get(key) ?? null,
          removeItem: async (key) => void secrets.delete(key),
        },
      },
    },
    os: { homedir: () => "/home/artist", platform: () => "darwin" },
    fs: {
      async readFile(path) {
        if (path !== "/home/artist/.inpaintd/connection.json") throw new Error(`ENOENT: ${path}`);
        if (!connection) throw new Error("ENOENT: no such file");
        return connection();
      },
    },
  };
  return { state, modules };
}

/** A WebSocket class that refuses what the manifest does not allow, as Photoshop does. */
export function guardedWebSocket(Real, manifest) {
  const { domains } = manifest.requiredPermissions.network;
  return class extends Real {
    constructor(url, protocols) {
      const allowed = domains.some((domain) => {
        const entry = new URL(domain);
        const wanted = new URL(url);
        return entry.protocol === wanted.protocol && entry.hostname === wanted.hostname && (!entry.port || entry.port === wanted.port);
      });
      if (!allowed) throw new Error(`Permission denied to the url ${url}. Manifest entry not found.`);
      super(url, protocols);
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
