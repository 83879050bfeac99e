import { EsimdError, isEsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { Config } from "../daemon/config/config.js";
import { type ControlClient, createControlClient } from "../daemon/control/client.js";
import type { DaemonForm, ModemForm } from "../daemon/control/forms.js";
import type { CommandContext } from "./command.js";

/** What the commands share that ask a running daemon. */

export type DaemonLook =
  | { readonly kind: "runs"; readonly status: DaemonForm }
  /** Nobody answers there. */
  | { readonly kind: "absent"; readonly path: string | undefined }
  /** Somebody may be there, and cannot be asked. */
  | { readonly kind: "unasked"; readonly error: EsimdError };

/** The client for the configured socket; undefined when there is to be none. */
export function daemonClient({ clock }: CommandContext, { daemon }: Config): ControlClient | undefined {
  return daemon.socket.kind === "none" ? undefined : createControlClient(daemon.socket.path, clock);
}

/** @throws EsimdError `daemon_absent`. */
export async function withDaemon<Value>(
  context: CommandContext,
  config: Config,
  work: (client: ControlClient) => Promise<Value>,
): Promise<Value> {
  const client = daemonClient(context, config);
  if (client === undefined)
    throw new EsimdError("daemon_absent", "daemon.socket is none, so that no daemon can be asked");
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** For who can do without. */
export async function lookAtDaemon(context: CommandContext, config: Config): Promise<DaemonLook> {
  const client = daemonClient(context, config);
  if (client === undefined) return { kind: "absent", path: undefined };
  try {
    return { kind: "runs", status: await client.status(context.signal) };
  } catch (error) {
    if (context.signal.aborted || !isEsimdError(error)) throw error;
    return error.code === "daemon_absent" ? { kind: "absent", path: client.path } : { kind: "unasked", error };
  } finally {
    await client.close();
  }
}

/** By the name or the port that a person gave; all of them when neither was. */
export function chosenModems(
  { modems }: DaemonForm,
  { name, port }: { readonly name: string | undefined; readonly port: string | undefined },
): readonly ModemForm[] {
  const fitting = modems.filter((modem) => (name === undefined || modem.name === name) && isAt(modem, port));
  if (name !== undefined && fitting.length === 0) {
    const names = modems.map((modem) => modem.name).join(", ");
    throw new EsimdError("port_missing", `the daemon serves no modem under the name ${quote(name)}`, {
      hint: names === "" ? "It serves no modem." : `There are: ${names}.`,
    });
  }
  return fitting;
}

/** As it is configured, where it is now, or where its last run found it. */
export function isAt(modem: ModemForm, port: string | undefined): boolean {
  return port === undefined || [modem.port, modem.path, modem.report?.modem.port].includes(port);
}
