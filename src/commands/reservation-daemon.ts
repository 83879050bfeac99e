import { EsimdError, isEsimdError } from "../base/errors.js";
import { type Eid, maskIdentifiers, parseEid } from "../base/identifiers.js";
import type { ControlClient } from "../daemon/control/client.js";
import type { DaemonForm, ModemForm } from "../daemon/control/forms.js";
import { daemonClient, isAt, lookAtDaemon } from "./daemon-call.js";
import { oneLine } from "./failure.js";
import type { ReservationCall } from "./reservation-call.js";
import { requireTyped } from "./reservation-words.js";

/** `esimd reservation release` where a daemon serves the eUICC: port and lock are the daemon's, so the daemon does it. */

export interface Serving {
  readonly daemon: DaemonForm;
  readonly modem: ModemForm;
  /** The port was named: the modem itself is to be asked, and the daemon asks it. */
  readonly askModem: boolean;
}

/** Who serves the eUICC that the call is about; undefined: no daemon does, and the command does it itself. */
export async function servingDaemon(call: ReservationCall): Promise<Serving | undefined> {
  const { context, args, config } = call;
  const look = await lookAtDaemon(context, config);
  if (look.kind !== "runs") return undefined;
  const daemon = look.status;
  const port = args.text("port");
  const given = args.text("eid");
  const eid = given === undefined ? undefined : parseEid(given, "--eid");
  if (port === undefined) {
    const wanted = eid ?? (await call.subject()).eid;
    const modem = daemon.modems.find((one) => one.report?.eid === wanted);
    return modem === undefined ? undefined : { daemon, modem, askModem: false };
  }
  const modem = daemon.modems.find((one) => isAt(one, port) || one.name === port);
  if (modem === undefined) return undefined;
  requireSame(eid, modem);
  return { daemon, modem, askModem: true };
}

function requireSame(eid: Eid | undefined, { name, report }: ModemForm): void {
  const shown = report?.eid ?? undefined;
  if (eid === undefined || shown === undefined || shown === eid) return;
  throw new EsimdError(
    "eid_mismatch",
    `the modem ${oneLine(name)} has the EID ${maskIdentifiers(shown)}, and --eid is ${maskIdentifiers(eid)}; nothing was changed`,
  );
}

export async function releaseThrough(
  call: ReservationCall,
  { daemon, modem, askModem }: Serving,
  id: string,
  why: string | undefined,
): Promise<number> {
  const { context, args, signal } = call;
  const name = oneLine(modem.name);
  await requireTyped(call, id, {
    unconfirmed: `giving up ${id} has no refund, and it was not confirmed`,
    question: `The daemon (process ${daemon.pid}) serves this eUICC as ${name}. Giving up ${id} has no refund, and the daemon may pay for one more. Type its id: `,
    undone: "nothing was given up",
  });
  const client = requireClient(call);
  try {
    const form = { id, confirm: id, askModem, ...(why === undefined ? {} : { why }) };
    const done = await client.release(modem.name, form, signal);
    if (done.unasked !== null && !args.has("quiet")) {
      const { message, code, hint } = done.unasked;
      context.stderr(
        maskIdentifiers(
          `The provider could not be asked about it:\n  ${oneLine(message)} (${code})\n  ${oneLine(hint)}\n`,
        ),
      );
    }
    if (args.has("json")) {
      context.stdout(`${JSON.stringify(done)}\n`);
      return 0;
    }
    const what = `the ${done.post === null ? "reservation" : "POST"} ${id}`;
    const { spent, allowed } = done.budget;
    context.stdout(
      done.changed
        ? `${what} is given up: it stays paid, and this eUICC has used ${spent} of ${allowed} reservation(s) now\n`
        : `${oneLine(done.remark ?? "")}; nothing was changed\n`,
    );
    const next = modem.activity.kind === "paused" ? "stays paused" : "goes on by itself";
    context.stdout(`the daemon (process ${daemon.pid}) wrote it down, and ${name} ${next}\n`);
    return 0;
  } catch (error) {
    if (isEsimdError(error, "daemon_absent")) {
      throw new EsimdError("daemon_absent", "the daemon went away while it was asked to give the reservation up", {
        cause: error,
        hint: "`esimd reservation list` shows whether it was given up; if not, run this again.",
      });
    }
    throw error;
  } finally {
    await client.close();
  }
}

function requireClient({ context, config }: ReservationCall): ControlClient {
  const client = daemonClient(context, config);
  if (client !== undefined) return client;
  throw new EsimdError("daemon_absent", "daemon.socket is none, so that no daemon can be asked");
}
