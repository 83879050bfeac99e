import { extname, isAbsolute } from "node:path";
import { EsimdError, isEsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { durationForm, parseDuration } from "../daemon/config/duration.js";
import { printLabel } from "../daemon/label-printing.js";
import type { LabelData } from "../label/data.js";
import { isSheetFormat, type LabelFormat, labelFormats, renderLabel, renderLabels } from "../label/label.js";
import type { LabelTemplate } from "../label/template.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags, everyFlag } from "./common-flags.js";
import { checkDataFlags, labelDataOf, labelInputFlags, labelTemplateOf } from "./label-input.js";
import { fileNameOf, type LabelFile, pathIn, writeLabelFiles } from "./label-output.js";

/** `esimd label`: labels out of a template and data, into files, onto stdout, or to a program that prints them. */
export const labelCommand: Command = {
  name: "label",
  summary: "labels with serial, EID, ICCID and activation code: SVG, PNG, PDF, ZPL, terminal",
  positionals: "",
  flags: {
    ...labelInputFlags,
    format: { type: "string", value: "FORMAT", help: `${labelFormats.join(", ")}; without it, by the name of --out.` },
    out: {
      type: "string",
      value: "FILE",
      help: "Write this new file; - is stdout, and so it is without --out and --print.",
    },
    "out-dir": { type: "string", value: "DIR", help: "Write a new file for each label into this folder." },
    print: {
      type: "string",
      value: "PROGRAM",
      help: "Run this program for each label, which it gets on its stdin (an absolute path).",
    },
    "print-timeout": {
      type: "string",
      value: "TIME",
      help: "How long that program may take for a label (default 30s).",
    },
    ...commonFlags(...everyFlag),
  },
  run: async (context, args) => {
    checkDataFlags(args);
    const plan = planOf(context, args);
    const template = labelTemplateOf(args);
    const data = await labelDataOf(context, args);
    if (data.length > 1 && plan.out !== undefined && !isSheetFormat(plan.format)) {
      throw new EsimdError("usage", `label: ${data.length} labels do not go into one ${plan.format} file`, {
        hint: "Give --out-dir DIR for a file each, or --format pdf or zpl for one file.",
      });
    }
    // All of them before the first is written or printed: a fault in the last one is found now.
    const labels = data.map((one, at) => renderOne(template, one, plan, at, data.length));
    const files = filesOf(template, data, labels, plan);
    writeLabelFiles(files, plan.outDir);
    if (plan.out === "-") writeOut(context, sheetOf(template, data, labels, plan));
    if (plan.print !== undefined) await printAll(context, data, labels, plan, plan.print);
    const printed = plan.print === undefined ? 0 : labels.length;
    const paths = files.map(({ path }) => path);
    if (args.has("json")) {
      const result = {
        schema: "esimd.label/1",
        template: template.name,
        format: plan.format,
        labels: labels.length,
        files: paths,
        printed,
      };
      context.stdout(`${JSON.stringify(result)}\n`);
    } else if (plan.out !== "-" && !args.has("quiet")) {
      context.stderr(
        `${labels.length} ${labels.length === 1 ? "label" : "labels"}${printed > 0 ? ", printed" : ""}${paths.length > 0 ? ` in ${paths.length === 1 ? paths[0] : `${paths.length} files`}` : ""}\n`,
      );
    }
    return 0;
  },
};

interface Plan {
  readonly format: LabelFormat;
  readonly colour: boolean;
  /** "-" is stdout. */
  readonly out: string | undefined;
  readonly outDir: string | undefined;
  readonly print: string | undefined;
  readonly printTimeoutMs: number;
}

const defaultPrintTimeoutMs = 30_000;

/** @throws EsimdError `usage`. */
function planOf(context: CommandContext, args: ParsedArgs): Plan {
  const [outDir, print] = [args.text("out-dir"), args.text("print")];
  const out = args.text("out") ?? (outDir === undefined && print === undefined ? "-" : undefined);
  const refuse = (sentence: string, hint?: string): EsimdError =>
    new EsimdError("usage", `label: ${sentence}`, hint === undefined ? {} : { hint });
  if (args.text("out") !== undefined && outDir !== undefined) throw refuse("give --out or --out-dir, not both");
  if (out === "-" && args.has("json")) {
    throw refuse("--json has stdout for itself", "Give --out FILE, --out-dir DIR or --print PROGRAM for the labels.");
  }
  if (print !== undefined && !isAbsolute(print)) {
    throw refuse(
      `--print ${quote(print)} is no absolute path`,
      "Name the program by its whole path; it gets no words, a script of two lines gives it some.",
    );
  }
  const timeout = args.text("print-timeout");
  const printTimeoutMs = timeout === undefined ? defaultPrintTimeoutMs : parseDuration(timeout);
  if (printTimeoutMs === undefined || printTimeoutMs === 0) throw refuse(`--print-timeout is not ${durationForm}`);
  const format = formatOf(context, args.text("format"), out);
  if (out === "-" && (format === "png" || format === "pdf")) {
    if (context.stdoutIsTerminal === true || context.stdoutBytes === undefined) {
      throw refuse(`a terminal cannot show ${format}`, "Give --out FILE, or --format terminal.");
    }
  }
  const colour = !args.has("no-color") && (context.env["NO_COLOR"] ?? "") === "";
  return { format, colour, out, outDir, print, printTimeoutMs };
}

function formatOf(context: CommandContext, named: string | undefined, out: string | undefined): LabelFormat {
  const isForTerminal = named === undefined && out === "-" && context.stdoutIsTerminal === true;
  const wanted = named ?? (isForTerminal ? "terminal" : extname(out ?? "").slice(1));
  const format = labelFormats.find((one) => one === wanted);
  if (format !== undefined) return format;
  const known = labelFormats.join(", ");
  throw new EsimdError(
    "usage",
    named === undefined ? "label: no format is given" : `label: there is no format ${quote(named)}`,
    { hint: `Give --format, one of ${known}.` },
  );
}

/** @throws EsimdError `label_unfit`, which tells the label where there are many. */
function renderOne(template: LabelTemplate, data: LabelData, plan: Plan, at: number, count: number): Uint8Array {
  try {
    return renderLabel(template, data, plan.format, { colour: plan.colour });
  } catch (error) {
    if (count === 1 || !isEsimdError(error)) throw error;
    throw new EsimdError(error.code, `${whichOf(data, at, count)}: ${error.message}`, {
      hint: error.hint,
      cause: error,
    });
  }
}

function whichOf({ serial }: LabelData, at: number, count: number): string {
  return `label ${at + 1} of ${count}${serial === undefined ? "" : `, serial ${quote(serial)}`}`;
}

function filesOf(
  template: LabelTemplate,
  data: readonly LabelData[],
  labels: readonly Uint8Array[],
  plan: Plan,
): readonly LabelFile[] {
  const { out, outDir, format } = plan;
  const isPrivate = data.some(({ activationCode }) => activationCode !== undefined);
  if (outDir !== undefined) {
    return labels.flatMap((bytes, at) => {
      const one = data[at];
      return one === undefined
        ? []
        : [{ path: pathIn(outDir, fileNameOf(one, at, labels.length, extensionOf(format))), bytes, isPrivate }];
    });
  }
  if (out === undefined || out === "-") return [];
  return [{ path: out, bytes: sheetOf(template, data, labels, plan), isPrivate }];
}

function extensionOf(format: LabelFormat): string {
  return format === "text" || format === "terminal" ? "txt" : format;
}

function sheetOf(
  template: LabelTemplate,
  data: readonly LabelData[],
  labels: readonly Uint8Array[],
  plan: Plan,
): Uint8Array {
  const { format, colour } = plan;
  return isSheetFormat(format) ? renderLabels(template, data, format, { colour }) : (labels[0] ?? new Uint8Array());
}

function writeOut(context: CommandContext, bytes: Uint8Array): void {
  if (context.stdoutBytes !== undefined) context.stdoutBytes(bytes);
  else context.stdout(Buffer.from(bytes).toString("utf8"));
}

/** One after the other, so that a failure says where to go on. @throws EsimdError `label_unprinted`. */
async function printAll(
  context: CommandContext,
  data: readonly LabelData[],
  labels: readonly Uint8Array[],
  { format, printTimeoutMs: timeoutMs }: Plan,
  command: string,
): Promise<void> {
  const { env, clock, signal } = context;
  for (const [at, bytes] of labels.entries()) {
    const { serial = "", eid = "", iccid = "" } = data[at] ?? {};
    const facts = {
      ESIMD_LABEL_FORMAT: format,
      ESIMD_LABEL_NUMBER: String(at + 1),
      ESIMD_LABEL_COUNT: String(labels.length),
      ESIMD_SERIAL: serial,
      ESIMD_EID: eid,
      ESIMD_ICCID: iccid,
    };
    try {
      await printLabel({ command, bytes, env, facts, clock, timeoutMs, signal });
    } catch (error) {
      if (labels.length === 1 || !isEsimdError(error, "label_unprinted")) throw error;
      const which = whichOf(data[at] ?? {}, at, labels.length);
      throw new EsimdError("label_unprinted", `${which}: ${error.message}; printed before it: ${at}`, {
        hint: "Put the printer right, and print the labels from this one on.",
        cause: error,
      });
    }
  }
}
