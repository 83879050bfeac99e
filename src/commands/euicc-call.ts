import { deadlineSignal } from "../base/deadline.js";
import { EsimdError } from "../base/errors.js";
import { createRedactor, type Redactor } from "../base/logging.js";
import {
  type LockedEuicc,
  type OpenEuicc,
  type ProfileSessionParts,
  withEuicc,
  withLockedEuicc,
} from "../daemon/profiles/session.js";
import type { CommandContext, FlagSpec, ParsedArgs } from "./command.js";
import { commonFlags, configFor, everyFlag, oneShotDefaults, openLog } from "./common-flags.js";
import { recordFlag, recordingOf } from "./recording.js";
import { createProgress, type Progress } from "./terminal.js";

/** What the commands on an eUICC share: flags, configuration, log, recording, progress, and the session itself. */

export const euiccFlags: Readonly<Record<string, FlagSpec>> = {
  ...commonFlags(...everyFlag, "dialect", "lpa", "ci-roots"),
  ...recordFlag,
};

export interface EuiccCall {
  readonly context: CommandContext;
  readonly args: ParsedArgs;
  readonly config: ProfileSessionParts["config"];
  readonly redactor: Redactor;
  readonly progress: Progress;
  /** Ends with the command's deadline, too. */
  readonly signal: AbortSignal;
  look<Value>(work: (euicc: OpenEuicc) => Promise<Value>): Promise<Value>;
  /** `takesIsdR`: only esimd's own LPA will do. */
  change<Value>(work: (euicc: LockedEuicc) => Promise<Value>, takesIsdR?: boolean): Promise<Value>;
}

/** Runs one action with all of that, and takes it down on every way out. */
export async function callEuicc<Value>(
  context: CommandContext,
  args: ParsedArgs,
  action: (call: EuiccCall) => Promise<Value>,
): Promise<Value> {
  const { config } = configFor(context, args, { ...oneShotDefaults, "api.provider": "none" });
  const { port } = config.modem;
  if (port === undefined) {
    throw new EsimdError("usage", "no port is given", { hint: "Give --port, or set modem.port in the configuration." });
  }
  const redactor = createRedactor();
  const log = openLog(context, config, redactor);
  const { clock, random, host } = context;
  const json = args.has("json");
  const progress = createProgress(context, { json, quiet: args.has("quiet"), noColor: args.has("no-color") });
  const bound = deadlineSignal({ clock, timeoutMs: config.deadlineMs, signal: context.signal, what: "the command" });
  const session = async <Result>(work: (parts: ProfileSessionParts) => Promise<Result>): Promise<Result> => {
    const recording = await recordingOf(context, args, port, log);
    try {
      return await work({ config, port, host, clock, random, log, openPort: recording.open });
    } finally {
      progress.done();
      recording.finish();
    }
  };
  try {
    return await action({
      context,
      args,
      config,
      redactor,
      progress,
      signal: bound.signal,
      look: (work) => session((parts) => withEuicc(parts, work, bound.signal)),
      change: (work, takesIsdR = false) => session((parts) => withLockedEuicc(parts, takesIsdR, work, bound.signal)),
    });
  } finally {
    bound.release();
  }
}

/** One JSON object on the last line with `--json`, else the text for people. */
export function showResult(call: EuiccCall, result: object, text: string): void {
  call.context.stdout(call.args.has("json") ? `${JSON.stringify(result)}\n` : text);
}

/** A warning for people; a script finds what it needs in the result. */
export function warn(call: EuiccCall, text: string): void {
  if (!call.args.has("quiet")) call.progress.note(text);
}

/** The positionals behind an action's name, exactly so many. @throws EsimdError `usage`. */
export function wordsOf(command: string, args: ParsedArgs, names: readonly string[]): readonly string[] {
  const [action = "", ...words] = args.positionals;
  if (words.length === names.length) return words;
  const what = names.length === 0 ? "nothing" : names.join(" and ");
  throw new EsimdError("usage", `${command} ${action}: ${what} must stand behind it, and no more`, {
    hint: `Write: esimd ${[command, action, ...names].join(" ")}`,
  });
}
