import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "esbuild";
import { checkedDialects } from "../../src/modem/dialects/own-checked.js";

/** What of a library the program uses, where the library itself would have all of it loaded. docs/package.md says what each part saves. */

/** Not in the bundle: the emulators' pseudo-terminals, an optional package with native parts that no device needs. */
export const external = "@lydell/node-pty";

/**
 * `await import("undici")` gives a CommonJS package's exports by their names, with Node; with esbuild, once it splits, as `default` alone.
 * So each package that is imported like this gets a module in between that names them: the names that Node finds.
 */
export const namedExports: Plugin = {
  name: "named exports",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^[@a-z]/ }, ({ path, kind, resolveDir }) =>
      kind === "dynamic-import" && path !== external && path !== "undici" && !path.startsWith("node:")
        ? { path, namespace: "named", pluginData: resolveDir }
        : undefined,
    );
    onLoad({ filter: /./, namespace: "named" }, async ({ path, pluginData }) => {
      const found: unknown = await import(path);
      const names = Object.keys(Object(found)).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
      return { contents: `export { ${names.join(", ")} } from "${path}";`, resolveDir: String(pluginData) };
    });
  },
};

/**
 * `import { z }` takes the whole of zod, with its sentences in fifty languages, because esbuild does not look into a name that stands for a
 * module. As `import * as z` it takes what is used.
 */
export const zodByName: Plugin = {
  name: "zod by name",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replace('import { z } from "zod";', 'import * as z from "zod";'),
      loader: "ts",
    }));
  },
};

/** What the sources use of undici. */
export const undiciNames: readonly string[] = ["Agent", "Client", "Pool", "request"];

/**
 * undici's connections and `request`, in its own files. Its index has fetch, WebSocket, caches and mocks, too, and takes the second undici
 * that is inside Node with it. test/bench/program.test.ts compares the names with those that are used.
 */
const undiciParts = `
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import Agent from "undici/lib/dispatcher/agent.js";
import Client from "undici/lib/dispatcher/client.js";
import Pool from "undici/lib/dispatcher/pool.js";
import requestOf from "undici/lib/api/api-request.js";
Dispatcher.prototype.request = requestOf;
/** As undici's own, with the dispatcher that it always has here, and without its other forms of a URL. */
function request(url, { dispatcher, ...options }) {
  const { origin, pathname, search } = new URL(url);
  return requestOf.call(dispatcher, { ...options, origin, path: pathname + search, method: options.method ?? "GET" });
}
export { ${undiciNames.join(", ")} };
`;

/** In place of a file that nothing here comes to; if something did, it would say so. */
const unused = (name: string): string =>
  `module.exports = () => { throw new Error("this part of ${name} is not in the program"); };`;

export const undiciByParts: Plugin = {
  name: "undici by parts",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^undici$/ }, ({ resolveDir }) => ({
      path: "undici",
      namespace: "parts",
      pluginData: resolveDir,
    }));
    onLoad({ filter: /^undici$/, namespace: "parts" }, ({ pluginData }) => ({
      contents: undiciParts,
      resolveDir: String(pluginData),
    }));
    // HTTP/2, which is never offered to a server, and bodies that are neither text nor bytes.
    onLoad({ filter: /\/undici\/lib\/(dispatcher\/client-h2|web\/fetch\/body)\.js$/ }, () => ({
      contents: unused("undici"),
      loader: "js",
    }));
  },
};

/** pino's threads, by which esimd never logs: it gives each log a place to write to. */
export const pinoWithoutThreads: Plugin = {
  name: "pino without threads",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/pino\/lib\/transport\.js$/ }, () => ({ contents: unused("pino"), loader: "js" }));
  },
};

/** serialport's port without its parsers and its mock of one. */
export const serialportByParts: Plugin = {
  name: "serialport by parts",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^serialport$/ }, ({ resolveDir }) => ({
      path: join(installed(resolveDir, "serialport"), "dist/serialport.js"),
    }));
  },
};

/** The dialects as they are after their check. @throws when one of them would be another one once it was JSON. */
export const dialectsChecked: Plugin = {
  name: "dialects checked",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/src\/modem\/dialects\/own-checked\.ts$/ }, () => {
      if (checkedDialects.length === 0) throw new Error("there are no dialects");
      return { contents: `export const checkedDialects = ${JSON.stringify(checkedDialects)};`, loader: "js" };
    });
  },
};

/**
 * serialport's native part stays where npm put it, with its other machines' beside it; in the Debian package it lies above the program, where
 * the package's own words look for it.
 */
export const nativeWhereInstalled: Plugin = {
  name: "native part where installed",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\/@serialport\/bindings-cpp\/dist\/serialport-bindings\.js$/ }, ({ path }) => {
      const own = readFileSync(path, "utf8");
      const contents = own.replace("__dirname, '../'", "require['resolve']('@serialport/bindings-cpp'), '../..'");
      if (contents === own) throw new Error(`${path} looks for its native part in another way than it did`);
      return { contents, loader: "js" };
    });
  },
};

/** The folder of a package as Node would find it. */
function installed(from: string, name: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, "node_modules", name);
    if (existsSync(place)) return place;
    if (folder === dirname(folder)) throw new Error(`${name} is not installed: run npm ci`);
  }
}
