import childProcess, { type ChildProcess } from "node:child_process";
import fs, { type PathLike, type RmOptions } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { relative, resolve, sep } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, expect, vi } from "vitest";
import type { CommandContext } from "../../src/commands/command.js";
import { type Collection, folderVariable, openCollection } from "./collection.js";
import { inResults } from "./look.js";

/**
 * In front of every test file (vitest's setupFiles): whatever esimd says there, in this process or as a child, goes into the collection as
 * well, by hooks in the modules that all of it passes. No test has to do anything for it, so that none can forget to.
 */

const collection = vi.hoisted((): { current: Collection | undefined } => ({ current: undefined }));

const folder = process.env[folderVariable];
if (folder !== undefined) {
  const about = relative(resolve(import.meta.dirname, ".."), expect.getState().testPath ?? "unknown");
  collection.current = openCollection(folder, about);
  collectFrom(collection.current);
}

vi.mock("../../src/base/logging.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/base/logging.js")>();
  return {
    ...original,
    createLog: (options) => {
      const sink = collection.current?.open("log", "log");
      const write = (line: string): void => {
        sink?.add(line);
        options.write(line);
      };
      return original.createLog({ ...options, write });
    },
    createRedactor: () => {
      const redactor = original.createRedactor();
      const addSecret = (value: string): void => {
        collection.current?.plant("a secret of this run", value);
        redactor.addSecret(value);
      };
      return { ...redactor, addSecret };
    },
  } satisfies typeof original;
});

vi.mock("../../src/commands/main.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/commands/main.js")>();
  return {
    ...original,
    main: (words, context, table) => original.main(words, collected(words, context), table),
  } satisfies typeof original;
});

vi.mock("../../src/daemon/config/secrets.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/daemon/config/secrets.js")>();
  return {
    ...original,
    findSecret: (...given) => {
      const found = original.findSecret(...given);
      if (found !== undefined && found.value.length >= 6)
        collection.current?.plant(`the secret ${given[2].credential}`, found.value);
      return found;
    },
  } satisfies typeof original;
});

vi.mock("../../src/at/transcript/recording-port.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/at/transcript/recording-port.js")>();
  return {
    ...original,
    createRecording: (options) => {
      const copy = collection.current?.open("recorded", "recording");
      const append = (line: string): void => {
        copy?.add(line);
        options.sink.append(line);
      };
      const finish = (header: string): void => {
        copy?.add(header);
        options.sink.finish(header);
      };
      return original.createRecording({ ...options, sink: { append, finish } });
    },
  } satisfies typeof original;
});

vi.mock("../../src/provision/store/store.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/provision/store/store.js")>();
  return {
    ...original,
    openStore: (stateDir, eid, options) => {
      const copy = collection.current?.open("kept", "store");
      const inner = options.disk;
      const disk: typeof inner = {
        read: (path) => inner.read(path),
        list: (path) => inner.list(path),
        replace: (path, text) => {
          copy?.add(text);
          return inner.replace(path, text);
        },
        append: (path, text) => {
          copy?.add(text);
          return inner.append(path, text);
        },
        makeFolder: (path) => inner.makeFolder(path),
        syncFolder: (path) => inner.syncFolder(path),
        createExclusive: (path, text) => inner.createExclusive(path, text),
        remove: (path) => inner.remove(path),
      };
      return original.openStore(stateDir, eid, { ...options, disk });
    },
  } satisfies typeof original;
});

vi.mock("../../src/emulator/api/access.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/emulator/api/access.js")>();
  return {
    ...original,
    createAccess: (options) => {
      const access = original.createAccess(options);
      collection.current?.plant("the secret of the fake API", options.secret);
      const issueToken: typeof access.issueToken = (...given) => {
        const reply = access.issueToken(...given);
        const token = /"access_token":"([^"]+)"/.exec(JSON.stringify(reply).replaceAll('\\"', '"'))?.[1];
        if (token !== undefined) collection.current?.plant("a token of the fake API", token);
        return reply;
      };
      return { ...access, issueToken };
    },
  } satisfies typeof original;
});

vi.mock("../../src/emulator/smdp/orders.js", async (importOriginal) => {
  const original = await importOriginal<typeof import("../../src/emulator/smdp/orders.js")>();
  class OrderBook extends original.OrderBook {
    override confirm(...given: Parameters<InstanceType<typeof original.OrderBook>["confirm"]>) {
      const order = super.confirm(...given);
      if (order.matchingId !== undefined) collection.current?.plant(inResults, order.matchingId);
      return order;
    }
  }
  return { ...original, OrderBook };
});

/** The emulators print what another command needs to use them: their secrets are none of esimd's. */
function isEmulator(words: readonly string[]): boolean {
  return words.some((word) => /^fake-(world|line|api|smdp|modem)$/.test(word));
}

function collected(words: readonly string[], context: CommandContext): CommandContext {
  const { current } = collection;
  if (current === undefined) return context;
  plantFrom(current, context.env);
  const name = words.slice(0, 2).join(" ");
  const stdout = isEmulator(words) ? undefined : current.open("result", `${name} stdout`);
  const stderr = current.open("log", `${name} stderr`);
  // A getter stays one: whoever asks for stdin opens it.
  return Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(context),
      stdout: {
        enumerable: true,
        value: (text: string): void => {
          stdout?.add(text);
          context.stdout(text);
        },
      },
      stderr: {
        enumerable: true,
        value: (text: string): void => {
          stderr.add(text);
          context.stderr(text);
        },
      },
    },
  ) as CommandContext;
}

function plantFrom(to: Collection, env: Readonly<Record<string, string | undefined>>): void {
  to.plant("the secret in ESIMD_API_SECRET", env["ESIMD_API_SECRET"] ?? "");
}

/** Puts functions of ours in front of Node's: everything that a test writes, spawns or takes away passes them. */
function collectFrom(to: Collection): void {
  for (const stream of [process.stdout, process.stderr]) {
    const printed = to.open("printed", "tests");
    const write = stream.write.bind(stream);
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      printed.add(typeof chunk === "string" ? chunk : Buffer.from(chunk).toString("utf8"));
      return Reflect.apply(write, stream, [chunk, ...rest]);
    };
  }

  const { spawn, execFile, spawnSync } = childProcess;
  const watched = (child: ChildProcess): ChildProcess => {
    const words = child.spawnargs ?? [];
    const name = nameOf(words);
    if (!isEmulator(words)) tap(child.stdout, to, "result", `${name} stdout`);
    tap(child.stderr, to, "log", `${name} stderr`);
    return child;
  };
  const envOf = (given: readonly unknown[]): void => {
    for (const option of given)
      if (typeof option === "object" && option !== null && "env" in option)
        plantFrom(to, option.env as Readonly<Record<string, string | undefined>>);
  };
  childProcess.spawn = ((...given: unknown[]) => {
    envOf(given);
    return watched(Reflect.apply(spawn, childProcess, given));
  }) as typeof spawn;
  childProcess.execFile = Object.assign((...given: unknown[]) => {
    envOf(given);
    return watched(Reflect.apply(execFile, childProcess, given));
  }, execFile) as typeof execFile;
  childProcess.spawnSync = ((...given: unknown[]) => {
    envOf(given);
    const done = Reflect.apply(spawnSync, childProcess, given);
    const [file, words] = given;
    const name = nameOf([String(file), ...(Array.isArray(words) ? words.map(String) : [])]);
    to.open("result", `${name} stdout`).add(String(done.stdout ?? ""));
    to.open("log", `${name} stderr`).add(String(done.stderr ?? ""));
    return done;
  }) as typeof spawnSync;

  const made = new Set<string>();
  const { mkdtempSync, rmSync } = fs;
  const { mkdtemp, rm } = fs.promises;
  const isTaken = (path: PathLike, options: RmOptions | undefined): path is string =>
    typeof path === "string" && options?.recursive === true && resolve(path).startsWith(`${tmpdir()}${sep}`);
  fs.mkdtempSync = ((...given: Parameters<typeof mkdtempSync>) => {
    const path = String(mkdtempSync(...given));
    made.add(path);
    return path;
  }) as typeof mkdtempSync;
  fs.promises.mkdtemp = (async (...given: Parameters<typeof mkdtemp>) => {
    const path = String(await mkdtemp(...given));
    made.add(path);
    return path;
  }) as typeof mkdtemp;
  fs.rmSync = (path, options) => {
    if (isTaken(path, options)) to.takeFolder(path);
    rmSync(path, { ...options, force: options?.force === true || isTaken(path, options) });
  };
  fs.promises.rm = async (path, options) => {
    if (isTaken(path, options)) to.takeFolder(path);
    await rm(path, { ...options, force: options?.force === true || isTaken(path, options) });
  };
  syncBuiltinESMExports();
  // What a test did not take away.
  afterAll(() => {
    for (const path of made) to.takeFolder(path);
  });
}

/** Of a command line, without what is a program of its own (`node -e`). */
function nameOf(words: readonly string[]): string {
  const plain = words.filter((word) => /^[\w./:=@-]{1,200}$/.test(word));
  return plain
    .map((word) => word.split("/").at(-1))
    .slice(0, 4)
    .join(" ");
}

/** Hears all that comes, without a listener of its own: that would set the stream flowing before the test listens. */
function tap(stream: Readable | null | undefined, to: Collection, kind: "result" | "log", from: string): void {
  if (stream === null || stream === undefined) return;
  const sink = to.open(kind, from);
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk !== null && chunk !== undefined)
      sink.add(typeof chunk === "string" ? chunk : Buffer.from(chunk as Uint8Array).toString("utf8"));
    return push(chunk, encoding);
  };
}
