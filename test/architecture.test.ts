import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const src = resolve(import.meta.dirname, "../src");

/** The rooms that a room may import from, besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  serial: ["base"],
  at: ["base", "serial"],
  modem: ["base", "serial", "at"],
  lpa: ["base", "at", "modem"],
  api: ["base"],
  provision: ["base", "at", "modem", "lpa", "api"],
  report: ["base", "provision"],
  label: ["base"],
  daemon: ["base", "serial", "at", "modem", "lpa", "api", "provision", "report", "label"],
  station: ["base", "serial", "modem", "lpa", "api", "provision", "report", "label", "daemon"],
  emulator: ["base", "serial", "at", "lpa", "api"],
  commands: [
    "base",
    "serial",
    "at",
    "modem",
    "lpa",
    "api",
    "provision",
    "report",
    "label",
    "daemon",
    "station",
    "emulator",
  ],
};

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

function roomOf(path: string): string | undefined {
  const [room, ...rest] = relative(src, path).split("/");
  return rest.length === 0 ? undefined : room;
}

const files = sourceFiles(src).map((path) => ({
  path,
  room: roomOf(path),
  imports: [...readFileSync(path, "utf8").matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)].map((match) =>
    resolve(dirname(path), (match[1] ?? "").replace(/\.js$/, ".ts")),
  ),
}));

describe("the flow of imports", () => {
  it("knows every folder of src", () => {
    const rooms = new Set(files.map((file) => file.room).filter((room) => room !== undefined));
    expect([...rooms].filter((room) => !(room in mayImport))).toEqual([]);
  });

  it("goes one way: serial, at, modem, lpa, provision, report", () => {
    const wrong = files.flatMap(({ path, room, imports }) =>
      imports
        .map((target) => roomOf(target))
        .filter((to) => room !== undefined && to !== undefined && to !== room && !mayImport[room]?.includes(to))
        .map((to) => `${relative(src, path)} imports from ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it("reaches the emulator only by commands of its own", () => {
    const allowed = /^commands\/(demo|fake-\w+)\.ts$/;
    const wrong = files
      .filter(({ imports }) => imports.some((target) => roomOf(target) === "emulator"))
      .map(({ path }) => relative(src, path))
      .filter((path) => !path.startsWith("emulator/") && !allowed.test(path));
    expect(wrong).toEqual([]);
  });

  it("takes timers only from base/clock.ts", () => {
    const wrong = files
      .filter(({ path }) => /\b(setTimeout|setInterval|Date\.now)\(/.test(readFileSync(path, "utf8")))
      .map(({ path }) => relative(src, path))
      // The browser has a clock of its own, and one file that knows it.
      .filter((path) => path !== "base/clock.ts" && path !== "station/page/browser/time.ts");
    expect(wrong).toEqual([]);
  });

  it("gives a browser nothing but the page's own code, and the form of what is shown as a type", () => {
    const page = join(src, "station/page/browser/");
    const own = files.filter(({ path }) => path.startsWith(page));
    expect(own.length).toBeGreaterThan(10);
    const wrong = own.flatMap(({ path }) =>
      [...readFileSync(path, "utf8").matchAll(/(?:import|export)\b([^;]*?)\bfrom\s*"([^"]+)"/g)]
        .map(([, what = "", from = ""]) => ({ isType: /^\s*type\b/.test(what), from }))
        .filter(({ isType, from }) => !(/^\.\/[\w-]+\.js$/.test(from) || (isType && from === "../../view.js")))
        .map(({ from }) => `${relative(src, path)} imports ${from}`),
    );
    expect(wrong).toEqual([]);
  });
});
