import { readFileSync } from "node:fs";
import type { Clock } from "../base/clock.js";
import { describeCause, EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { printLabel } from "../daemon/label-printing.js";
import { builtInTemplate } from "../label/built-in.js";
import { parseLabelData } from "../label/data.js";
import { renderLabel } from "../label/label.js";
import type { LabelTemplate } from "../label/template.js";
import { parseTemplate } from "../label/template-file.js";
import type { EndedEntry } from "./records/entry.js";
import type { StationFile } from "./station-file.js";

/** The label of a unit that passed: made from its verdict and the sheet of work, printed by the operator's program. */

export interface LabelOfUnit {
  readonly activationCode: string | null;
  /** Another template than the station's. */
  readonly label: string | null;
}

export interface LabelPrinter {
  /** @throws EsimdError `label_unfit`, `label_unprinted`. */
  print(unit: EndedEntry, signal: AbortSignal): Promise<void>;
}

/** Undefined where no program prints. Templates are read now, so that a wrong one is told before the first unit. @throws EsimdError `label_template_invalid`. */
export function labelPrinter(
  { command, template, format, timeout_seconds: timeout }: StationFile["label"],
  units: ReadonlyMap<string, LabelOfUnit> | undefined,
  parts: { readonly env: Readonly<Record<string, string | undefined>>; readonly clock: Clock },
): LabelPrinter | undefined {
  if (command === undefined) return undefined;
  const templates = new Map<string, LabelTemplate>();
  const wanted = [template, ...[...(units?.values() ?? [])].flatMap(({ label }) => (label === null ? [] : [label]))];
  for (const name of new Set(wanted)) templates.set(name, loadTemplate(name));
  return {
    print: async (unit, signal) => {
      const work = unit.serial === null ? undefined : units?.get(unit.serial);
      const name = work?.label ?? template;
      const chosen = templates.get(name) ?? loadTemplate(name);
      const bytes = renderLabel(chosen, parseLabelData(valuesOf(unit, work), `the unit ${unit.serial ?? ""}`), format);
      const facts = { ESIMD_LABEL_FORMAT: format, ESIMD_LABEL_SERIAL: unit.serial ?? "" };
      await printLabel({ command, bytes, facts, ...parts, timeoutMs: timeout * 1000, signal });
    },
  };
}

/** What a template can name, as far as it is known. */
function valuesOf(unit: EndedEntry, work: LabelOfUnit | undefined): Readonly<Record<string, string>> {
  const { serial, eid, iccid, imei, batch, at } = unit;
  const all = { serial, eid, iccid, imei, activationCode: work?.activationCode ?? null, batch, date: at.slice(0, 10) };
  return Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

/** A built-in one by its name, else a file. */
function loadTemplate(name: string): LabelTemplate {
  const known = builtInTemplate(name);
  if (known !== undefined) return known;
  let text: string;
  try {
    text = readFileSync(name, "utf8");
  } catch (cause) {
    throw new EsimdError(
      "label_template_invalid",
      `the label's template ${quote(name)} cannot be read: ${describeCause(cause)}`,
      { cause },
    );
  }
  return parseTemplate(text, name);
}
