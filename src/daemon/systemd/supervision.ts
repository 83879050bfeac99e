/** What systemd put into a service's environment about being told of it (sd_listen_fds(3), sd_notify(3), sd_watchdog_enabled(3)): pure. */

export type Environment = Readonly<Record<string, string | undefined>>;

/** Descriptors that a service manager passes begin here (sd_listen_fds(3)). */
const firstDescriptor = 3;
const mostDescriptors = 64;

/** The descriptor that the unit's `OpenFile=/run/systemd/notify:notify` gave this process; undefined without one. */
export function notifyDescriptor(env: Environment, pid: number): number | undefined {
  // Inherited from a parent, they are not ours.
  if (env["LISTEN_PID"] !== String(pid)) return undefined;
  const count = wholeNumber(env["LISTEN_FDS"]) ?? 0;
  const index = (env["LISTEN_FDNAMES"] ?? "").split(":").indexOf("notify");
  return index >= 0 && index < Math.min(count, mostDescriptors) ? firstDescriptor + index : undefined;
}

/** How long systemd waits for a sign of life; undefined where it does not. */
export function watchdogMs(env: Environment, pid: number): number | undefined {
  const forPid = env["WATCHDOG_PID"] ?? "";
  if (forPid !== "" && forPid !== String(pid)) return undefined;
  const microseconds = wholeNumber(env["WATCHDOG_USEC"]);
  return microseconds === undefined || microseconds === 0 ? undefined : microseconds / 1000;
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
