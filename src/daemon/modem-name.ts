import { basename } from "node:path";

/** The name of a modem: in the API of the daemon, in events, and of its file in modems.d. Also a systemd instance name, and a file's. */
const form = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What a name may be, as the end of a sentence. */
export const modemNameForm =
  'a name of at most 64 letters, digits, ".", "_" and "-" that begins with a letter or digit';

export function isModemName(name: string): boolean {
  return form.test(name);
}

/** The name of a modem that has no file of its own: the last part of its port, by preference one that stays. Pure. */
export function nameOfPort(port: string): string {
  const last = /^[a-z]+:/.test(port) ? port : basename(port);
  const name = last
    .replace(/[^A-Za-z0-9._-]+/g, "_")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 64);
  return name === "" ? "modem" : name;
}
