import { FileTooLarge, readBounded } from "../base/bounded-read.js";
import { describeCause, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { type ConfigFileSystem, nodeFileSystem } from "../daemon/config/files.js";
import { builtInTemplate, builtInTemplateNames } from "../label/built-in.js";
import { type LabelData, parseLabelData } from "../label/data.js";
import { parseRows } from "../label/rows.js";
import { type LabelTemplate, labelResolutions } from "../label/template.js";
import { parseTemplate } from "../label/template-file.js";
import type { CommandContext, FlagSpec, ParsedArgs } from "./command.js";
import { canAsk, readLine, readLineOfFile } from "./prompt.js";

/** What `esimd label` is given: the data of one unit or of many, and a template. */

export const labelInputFlags: Readonly<Record<string, FlagSpec>> = {
  serial: { type: "string", value: "TEXT", help: "The unit's serial number." },
  eid: { type: "string", value: "EID", help: "The eUICC's EID." },
  iccid: { type: "string", value: "ICCID", help: "The profile's ICCID." },
  imei: { type: "string", value: "IMEI", help: "The modem's IMEI." },
  "activation-code": {
    type: "string",
    value: "CODE",
    help: "The activation code, with or without LPA:; - reads it from stdin, @FILE from a file.",
  },
  field: { type: "string", value: "NAME=TEXT", help: "Another field of the template, as batch=42.", multiple: true },
  from: {
    type: "string",
    value: "FILE",
    help: "Many labels: JSON lines, or CSV whose first line names the fields; - is stdin.",
  },
  template: {
    type: "string",
    value: "FILE",
    help: `A template file, or ${builtInTemplateNames.join(" or ")} (default unit).`,
  },
  dpi: {
    type: "string",
    value: "DPI",
    help: `The printer's resolution in place of the template's: ${labelResolutions.join(", ")}.`,
  },
};

const maxRowsBytes = 8 * 1024 * 1024;
const maxTemplateBytes = 200_000;
const dataFlags = ["serial", "eid", "iccid", "imei", "activation-code"] as const;

/** Before anything is read: there is something, and it is said in one way. @throws EsimdError `usage`. */
export function checkDataFlags(args: ParsedArgs): void {
  const from = args.text("from");
  const given = [...dataFlags, "field"].filter((flag) => args.text(flag) !== undefined);
  if (from === undefined && given.length === 0) {
    throw new EsimdError("usage", "label: there is nothing to put on it", {
      hint: "Give --serial, --eid, --iccid, --activation-code - and so on, or --from FILE for many labels.",
    });
  }
  if (from !== undefined && given.length > 0) {
    throw new EsimdError(
      "usage",
      `label: --${given[0]} does not go with --from, whose lines have the fields of each label`,
    );
  }
}

/** @throws EsimdError `usage`, `bad_input`, `bad_eid`, `bad_activation_code`; none repeats an activation code. */
export async function labelDataOf(context: CommandContext, args: ParsedArgs): Promise<readonly LabelData[]> {
  const from = args.text("from");
  if (from !== undefined) return parseRows(await rowsText(context, from), from === "-" ? "stdin" : from);
  const code = args.text("activation-code");
  const values = new Map(args.texts("field").map(fieldOf));
  for (const flag of dataFlags.slice(0, -1)) values.set(flag, args.text(flag) ?? "");
  if (code !== undefined) values.set("activation_code", await codeOf(context, code));
  return [parseLabelData(Object.fromEntries(values), "the command line")];
}

function fieldOf(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  const name = text.slice(0, Math.max(at, 0));
  const owned = dataFlags.find((flag) => flag === name.replaceAll("_", "-"));
  if (at > 0 && owned === undefined) return [name, text.slice(at + 1)];
  throw new EsimdError(
    "usage",
    owned === undefined
      ? `label: --field ${quote(text)} has no name before an =`
      : `label: ${name} has a flag of its own, --${owned}`,
  );
}

async function codeOf(context: CommandContext, given: string): Promise<string> {
  if (given === "-") {
    if (canAsk(context)) context.stderr("Activation code: ");
    return (await readLine(context.stdin, context.signal)) ?? "";
  }
  if (given.startsWith("@")) return readLineOfFile(given.slice(1), "--activation-code");
  context.stderr(
    "An activation code on the command line can be seen in the process list; --activation-code - or @FILE keep it out of there.\n",
  );
  return given;
}

async function rowsText(context: CommandContext, path: string): Promise<string> {
  try {
    const bytes = path === "-" ? await readStream(context) : await readBounded(path, maxRowsBytes);
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof EsimdError || context.signal.aborted) throw cause;
    const why =
      cause instanceof FileTooLarge
        ? `is larger than ${maxRowsBytes} bytes`
        : `cannot be read: ${describeCause(cause)}`;
    throw new EsimdError("bad_input", `--from: ${quote(path)} ${why}`, { cause });
  }
}

/** To its end. @throws EsimdError `bad_input` for more than {@link maxRowsBytes}. */
function readStream({ stdin, signal }: CommandContext): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (finish: () => void): void => {
      stdin.pause();
      stdin.removeListener("data", onData);
      stdin.removeListener("end", onEnd);
      stdin.removeListener("error", onError);
      signal.removeEventListener("abort", onAbort);
      finish();
    };
    const onData = (chunk: Buffer | string): void => {
      const bytes = Buffer.from(chunk);
      chunks.push(bytes);
      length += bytes.length;
      if (length <= maxRowsBytes) return;
      settle(() => reject(new EsimdError("bad_input", `--from: stdin gives more than ${maxRowsBytes} bytes`)));
    };
    const onEnd = (): void => settle(() => resolve(Buffer.concat(chunks)));
    const onError = (cause: Error): void => settle(() => reject(cause));
    const onAbort = (): void => settle(() => reject(signal.reason));
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    signal.addEventListener("abort", onAbort, { once: true });
    stdin.on("data", onData);
    stdin.on("end", onEnd);
    stdin.on("error", onError);
    stdin.resume();
  });
}

/** @throws EsimdError `label_template_invalid`, `usage`. */
export function labelTemplateOf(args: ParsedArgs, files: ConfigFileSystem = nodeFileSystem): LabelTemplate {
  const named = args.text("template") ?? "unit";
  const template = builtInTemplate(named) ?? parseTemplate(templateText(named, files), named);
  const wanted = args.text("dpi");
  if (wanted === undefined) return template;
  const dpi = labelResolutions.find((one) => String(one) === wanted);
  if (dpi !== undefined) return { ...template, dpi };
  throw new EsimdError("usage", `label: --dpi is ${quote(wanted)}; allowed is ${labelResolutions.join(", ")}`);
}

function templateText(path: string, files: ConfigFileSystem): string {
  const refuse = (why: string, cause?: unknown): EsimdError =>
    new EsimdError("label_template_invalid", `${path} ${why}`, {
      cause,
      hint: `Name a template file, or one of ${builtInTemplateNames.join(", ")}; docs/labels.md shows the form.`,
    });
  let found: ReturnType<ConfigFileSystem["readFile"]>;
  try {
    found = files.readFile(path, maxTemplateBytes);
  } catch (cause) {
    throw refuse(`cannot be read: ${describeCause(cause)}`, cause);
  }
  if (found === undefined || !found.regular) throw refuse("is no file");
  if (found.bytes.length > maxTemplateBytes) throw refuse(`is longer than ${maxTemplateBytes} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(found.bytes);
  } catch (cause) {
    throw refuse("is not UTF-8 text", cause);
  }
}
