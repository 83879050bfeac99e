import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { PNG } from "pngjs";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import type { CommandContext } from "../../src/commands/command.js";
import { main } from "../../src/commands/main.js";
import { parseLabelData } from "../../src/label/data.js";
import { renderLabel } from "../../src/label/label.js";
import { builtIn, eidOf } from "../label/units.js";
import { type TestContext, testContext } from "./test-context.js";

const eid = eidOf(42n);
const unit = ["--serial", "A1", "--eid", eid];
const csv = `serial,eid,iccid,activation_code\nA1,${eid},8988300000000000001,LPA:1$a.example$X0001\nA/2,${eid},,1$a.example$X0002\n`;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "esimd-label-"));
  const made = folder;
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
});

interface Call {
  readonly status: number;
  readonly test: TestContext;
  readonly bytes: Uint8Array;
}

async function label(words: readonly string[], more: Partial<CommandContext> = {}, stdin = ""): Promise<Call> {
  const test = testContext();
  const written: Uint8Array[] = [];
  const input = new PassThrough();
  input.end(stdin);
  const context = {
    ...test.context,
    clock: systemClock,
    stdin: input,
    stdoutBytes: (part: Uint8Array) => void written.push(part),
    ...more,
  };
  const status = await main(["label", ...words], context);
  return { status, test, bytes: Buffer.concat(written) };
}

const inFolder = (name: string): string => join(folder, name);

function file(name: string, text: string): string {
  writeFileSync(inFolder(name), text);
  return inFolder(name);
}

describe("esimd label", () => {
  it.each(["svg", "png", "pdf", "zpl"])("writes a new %s file by its name, and never over another", async (format) => {
    const path = inFolder(`a.${format}`);
    expect((await label([...unit, "--out", path])).status).toBe(0);
    const data = parseLabelData({ serial: "A1", eid }, "here");
    const expected = renderLabel(
      builtIn("unit"),
      data,
      format === "png" ? "png" : format === "svg" ? "svg" : format === "pdf" ? "pdf" : "zpl",
    );
    expect(readFileSync(path).equals(expected)).toBe(true);

    const again = await label(["--serial", "B2", "--eid", eid, "--out", path]);
    expect(again.status).toBe(74);
    expect(again.test.stderr()).toContain(
      "is there already, and a label's file is never overwritten (label_unwritten)",
    );
    expect(readFileSync(path).equals(expected)).toBe(true);
  });

  it("writes to stdout, bytes as they are", async () => {
    const { bytes, test, status } = await label([...unit, "--format", "png"]);
    expect([status, test.stdout(), test.stderr()]).toEqual([0, "", ""]);
    expect(PNG.sync.read(Buffer.from(bytes)).width).toBe(709);
  });

  it("has --dpi in place of the template's", async () => {
    const { bytes } = await label([...unit, "--format", "png", "--dpi", "203", "--out", "-"]);
    expect(PNG.sync.read(Buffer.from(bytes)).width).toBe(480);
  });

  it("draws the QR code in a terminal, without being told", async () => {
    const words = ["--serial", "A1", "--activation-code", "-", "--template", "activation"];
    const { bytes, test } = await label(words, { stdoutIsTerminal: true }, "1$a.example$X0001\n");
    const text = Buffer.from(bytes).toString("utf8");
    expect(text).toContain("QR: LPA:1$a.example$X0001\n");
    expect(text.startsWith(`\x1b[38;5;16;48;5;231m${" ".repeat(33)}\x1b[0m\n`)).toBe(true);
    expect(test.stderr()).toBe("");
  });

  it("draws it without colours where none are wanted", async () => {
    const { bytes } = await label([...unit, "--format", "terminal"], { env: { NO_COLOR: "1" } });
    const text = Buffer.from(bytes).toString("utf8");
    expect(text).not.toContain("\x1b");
    expect(text).toMatch(/^█{29}\n/);
  });

  it("takes an activation code from stdin or a file, and warns of one in the words", async () => {
    const words = (code: string): string[] => [
      "--activation-code",
      code,
      "--template",
      "activation",
      "--format",
      "text",
    ];
    const code = "LPA:1$a.example$X0001";
    const [byStdin, byFile, byWords] = [
      await label(words("-"), {}, `${code}\n`),
      await label(words(`@${file("code", `${code}\n`)}`)),
      await label(words(code)),
    ];
    expect([byStdin, byFile, byWords].map(({ bytes }) => Buffer.from(bytes).toString("utf8"))).toEqual(
      Array.from({ length: 3 }, () => `Scan to activate\nQR: ${code}\n`),
    );
    expect([byStdin.test.stderr(), byFile.test.stderr()]).toEqual(["", ""]);
    expect(byWords.test.stderr()).toContain("can be seen in the process list");
    expect(byWords.test.stderr()).not.toContain("X0001");
  });

  it("takes other fields for a template of one's own", async () => {
    const own = file(
      "own.toml",
      'name = "own"\nwidth_mm = 40\nheight_mm = 10\ndpi = 203\n[[element]]\nkind = "text"\nx_mm = 1\ny_mm = 1\nheight_mm = 2\ncontent = "{serial} of {batch}"\n',
    );
    const { bytes } = await label(["--serial", "A1", "--field", "batch=a=b", "--template", own, "--format", "text"]);
    expect(Buffer.from(bytes).toString("utf8")).toBe("A1 of a=b\n");
  });
});

describe("many labels", () => {
  it("go into one file of a page each", async () => {
    const from = file("units.csv", csv);
    const { status, test } = await label([
      "--from",
      from,
      "--template",
      "activation",
      "--out",
      inFolder("all.pdf"),
      "--json",
    ]);
    expect(status).toBe(0);
    expect(test.result()).toEqual({
      schema: "esimd.label/1",
      template: "activation",
      format: "pdf",
      labels: 2,
      files: [inFolder("all.pdf")],
      printed: 0,
    });
    expect(readFileSync(inFolder("all.pdf"), "latin1")).toContain("/Count 2");
    // There are activation codes in it.
    expect(statSync(inFolder("all.pdf")).mode & 0o777).toBe(0o600);
  });

  it("go into a file each, in a new folder, named by number and serial", async () => {
    const words = ["--from", "-", "--format", "svg", "--out-dir", inFolder("labels"), "--json"];
    const { status, test } = await label(words, {}, csv);
    expect(status).toBe(0);
    expect(readdirSync(inFolder("labels")).sort()).toEqual(["0001-A1.svg", "0002-A_2.svg"]);
    expect(test.result()).toMatchObject({
      labels: 2,
      files: [inFolder("labels/0001-A1.svg"), inFolder("labels/0002-A_2.svg")],
    });
  });

  it("are none at all when one of them cannot be, or one file is there", async () => {
    const from = file("units.csv", `${csv}${"A".repeat(40)},${eid},,\n`);
    const bad = await label(["--from", from, "--format", "zpl", "--out-dir", inFolder("labels")]);
    expect(bad.status).toBe(65);
    expect(bad.test.stderr()).toContain('label 3 of 3, serial "AAAA');
    expect(existsSync(inFolder("labels"))).toBe(false);

    const taken = file("0002-A_2.zpl", "another's");
    const refused = await label(["--from", file("good.csv", csv), "--format", "zpl", "--out-dir", folder]);
    expect(refused.status).toBe(74);
    expect(existsSync(inFolder("0001-A1.zpl"))).toBe(false);
    expect(readFileSync(taken, "utf8")).toBe("another's");
  });
});

describe("--print", () => {
  function program(body: string): string {
    const path = file("print", `#!/bin/sh\ncd ${folder}\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  it("runs the program for each label, with what is on it", async () => {
    const print = program(
      'cat > "printed-$ESIMD_LABEL_NUMBER"; echo "$ESIMD_LABEL_FORMAT $ESIMD_SERIAL $ESIMD_ICCID" >> printed.log',
    );
    const { status, test } = await label(
      ["--from", "-", "--format", "zpl", "--print", print, "--json"],
      { env: { ...process.env } },
      csv,
    );
    expect(status, test.stderr()).toBe(0);
    expect(test.result()).toMatchObject({ labels: 2, files: [], printed: 2 });
    expect(readFileSync(inFolder("printed-2"), "utf8")).toContain("^FDS/N A/2^FS");
    expect(readFileSync(inFolder("printed.log"), "utf8")).toBe("zpl A1 8988300000000000001\nzpl A/2 \n");
  });

  it("that fails says which label it was", async () => {
    const print = program('echo "no paper" >&2; [ "$ESIMD_LABEL_NUMBER" = 1 ]');
    const { status, test } = await label(
      ["--from", "-", "--format", "zpl", "--print", print],
      { env: { ...process.env } },
      csv,
    );
    expect(status).toBe(74);
    expect(test.stderr()).toMatch(
      /^esimd: label 2 of 2, serial "A\/2": .*print ended with exit status 1; it says "no paper"; printed before it: 1 \(label_unprinted\)\n/,
    );
  });

  it("has a deadline", async () => {
    const { status, test } = await label([
      ...unit,
      "--format",
      "zpl",
      "--print",
      program("sleep 1000"),
      "--print-timeout",
      "50ms",
    ]);
    expect(status).toBe(74);
    expect(test.stderr()).toContain("did not end within 50 ms, and was killed");
  });
});

describe("a call that does not fit", () => {
  it.each([
    [[], 64, "there is nothing to put on it"],
    [unit, 64, "no format is given"],
    [[...unit, "--format", "gif"], 64, 'there is no format "gif"'],
    [[...unit, "--format", "png", "--json"], 64, "--json has stdout for itself"],
    [[...unit, "--from", "x", "--format", "png"], 64, "--serial does not go with --from"],
    [[...unit, "--format", "zpl", "--print", "lp"], 64, '--print "lp" is no absolute path'],
    [
      [...unit, "--format", "zpl", "--print", "/bin/true", "--print-timeout", "soon"],
      64,
      "--print-timeout is not a duration",
    ],
    [[...unit, "--format", "zpl", "--out", "a", "--out-dir", "b"], 64, "give --out or --out-dir, not both"],
    [[...unit, "--format", "zpl", "--dpi", "150"], 64, '--dpi is "150"; allowed is 203, 300, 600'],
    [["--field", "batch", "--format", "zpl"], 64, '--field "batch" has no name before an ='],
    [["--field", "eid=1", "--format", "zpl"], 64, "eid has a flag of its own, --eid"],
    [["--serial", "A1", "--eid", "123", "--format", "zpl"], 65, "is not an EID of 32 digits"],
    [["--serial", "A1", "--format", "zpl"], 65, "wants eid, and there is none"],
    [[...unit, "--format", "zpl", "--template", "/no/such.toml"], 78, "/no/such.toml is no file"],
    [["--from", "/no/such.csv", "--format", "zpl"], 65, "cannot be read"],
    [[...unit, "--out", "/no/such/a.zpl"], 74, "cannot be made"],
  ])("%j", async (words, status, sentence) => {
    const call = await label(words);
    expect([
      call.status,
      call.bytes.length,
      call.test.stdout().startsWith('{"schema":"esimd.error') || call.test.stdout(),
    ]).toEqual([status, 0, words.includes("--json") ? true : ""]);
    expect(call.test.stderr()).toContain(sentence);
  });

  it("writes no picture into a terminal, and many pictures not into one file", async () => {
    const shown = await label([...unit, "--format", "pdf"], { stdoutIsTerminal: true });
    expect([shown.status, shown.bytes.length]).toEqual([64, 0]);
    const many = await label(["--from", "-", "--out", inFolder("a.png")], {}, csv);
    expect([many.status, existsSync(inFolder("a.png"))]).toEqual([64, false]);
    expect(many.test.stderr()).toContain("2 labels do not go into one png file");
  });

  it("never repeats an activation code", async () => {
    const { status, test } = await label(["--activation-code", "-", "--format", "zpl"], {}, "LPA:2$a.example$X0001\n");
    expect(status).toBe(65);
    expect(test.stderr()).not.toContain("X0001");
  });
});
