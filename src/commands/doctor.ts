import { deadlineSignal } from "../base/deadline.js";
import { isEsimdError } from "../base/errors.js";
import { maskIdentifiers } from "../base/identifiers.js";
import { createRedactor } from "../base/logging.js";
import type { Config } from "../daemon/config/config.js";
import { inspectConfig, loadConfig } from "../daemon/config/load.js";
import { realAccounts } from "../daemon/doctor/accounts.js";
import { type Diagnosis, examine, type Finding } from "../daemon/doctor/examine.js";
import { realStateDisk } from "../daemon/doctor/state-disk.js";
import type { Surroundings } from "../daemon/doctor/surroundings.js";
import { realHostClock } from "../daemon/host-clock.js";
import { realHost } from "../serial/host-roots.js";
import { portOpener } from "../serial/open.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags, oneShotDefaults, openLog, overridesOf, runFlags } from "./common-flags.js";
import { oneLine } from "./failure.js";
import { createProgress } from "./terminal.js";

/** A modem that is silent takes its whole wake_wait, and an API that is silent its timeout. */
const longestMs = 5 * 60_000;

/** What a test puts in the place of the host's own. */
export type DoctorSeams = Partial<Pick<Surroundings, "open" | "disk" | "accounts" | "hostClock">>;

/** `esimd doctor`: why it will not work here. It asks and changes nothing, and opens the port only if it is free. */
export function createDoctorCommand(seams: DoctorSeams = {}): Command {
  return {
    name: "doctor",
    summary: "say why esimd will not work here, and what to do about each fault",
    positionals: "",
    flags: commonFlags(...runFlags),
    run: async (context, args) => {
      const { config, problems } = configurationOf(context, args);
      const log = openLog(context, config, createRedactor());
      const { clock, random, host = realHost } = context;
      const surroundings: Surroundings = {
        ...{ config, problems, clock, random, log, host },
        open: seams.open ?? portOpener({ host, log, clock }),
        disk: seams.disk ?? realStateDisk,
        accounts: seams.accounts ?? realAccounts(),
        hostClock: seams.hostClock ?? realHostClock,
      };
      const json = args.has("json");
      // All well is silence, and a log of questions is not; a terminal's line goes away, and a program asked for it.
      const quiet = args.has("quiet") || !(json || context.stderrIsTerminal);
      const progress = createProgress(context, { json, quiet, noColor: args.has("no-color") });
      const timeoutMs = Math.min(config.deadlineMs, longestMs);
      const bound = deadlineSignal({ clock, timeoutMs, signal: context.signal, what: "the doctor" });
      let diagnosis: Diagnosis;
      try {
        const observe = ({ name, asks }: { readonly name: string; readonly asks: string }): void =>
          progress.state(name, asks);
        diagnosis = await examine(surroundings, observe, bound.signal);
      } finally {
        bound.release();
        progress.done();
      }
      if (json) context.stdout(`${JSON.stringify(diagnosisJson(diagnosis))}\n`);
      else {
        context.stdout(diagnosis.findings.map(findingText).join(""));
        if (!args.has("quiet")) context.stderr(notesText(diagnosis));
      }
      return diagnosis.exitStatus;
    },
  };
}

export const doctorCommand: Command = createDoctorCommand();

interface Configuration {
  readonly config: Config;
  readonly problems: Surroundings["problems"];
}

/** Where the configuration cannot be used, the defaults and what the flags say, for what can still be looked at. @throws EsimdError `usage`. */
function configurationOf(context: CommandContext, args: ParsedArgs): Configuration {
  const overrides = overridesOf(args);
  const request = { env: context.env, files: args.texts("config"), overrides, defaults: oneShotDefaults };
  const { loaded, problems } = inspectConfig(request);
  if (loaded !== undefined) return { config: loaded.config, problems };
  const usage = problems.find((problem) => isEsimdError(problem, "usage"));
  if (usage !== undefined) throw usage;
  const { config } = loadConfig({ env: {}, defaultFile: "/dev/null", overrides, defaults: oneShotDefaults });
  return { config, problems };
}

function findingText({ severity, code, actor, message, hint }: Finding): string {
  const [what, next] = [message, hint].map((text) => maskIdentifiers(oneLine(text)));
  return `${severity}: ${what} (${code}; acts: ${actor})\n    ${next}\n`;
}

/** What was left out, where that is worth a word. */
function notesText({ checks, findings }: Diagnosis): string {
  const left = checks.flatMap(({ name, outcome }) => (outcome.kind === "skipped" ? [{ name, ...outcome }] : []));
  const notes = left.filter(({ notable }) => notable).map(({ why }) => `note: ${maskIdentifiers(oneLine(why))}\n`);
  if (findings.length === 0 || left.length === 0) return notes.join("");
  return `${notes.join("")}not looked at: ${left.map(({ name }) => name).join(", ")}\n`;
}

function diagnosisJson({ checks, findings }: Diagnosis): object {
  return {
    schema: "esimd.doctor/1",
    findings,
    checks: checks.map(({ name, outcome }) => ({
      name,
      result: outcome.kind === "well" ? "ok" : outcome.kind,
      why: outcome.kind === "found" ? null : (outcome.why ?? null),
    })),
  };
}
