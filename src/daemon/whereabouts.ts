import { access, constants } from "node:fs/promises";
import { EsimdError, isEsimdError } from "../base/errors.js";
import type { HostRoots } from "../serial/host-roots.js";
import { anchorOf, findAgain, type PortAnchor } from "../serial/ports/anchor.js";
import { allPorts, autoPort, choosePort } from "../serial/ports/choose.js";
import { discoverPorts } from "../serial/ports/discover.js";
import { modemsOf } from "../serial/ports/found-port.js";

/**
 * Who is where the modem was: `same` by a serial number of its own, `perhaps-same` where nothing tells one from another of its kind, `other`
 * in its place, or nobody.
 */
export type Presence = "same" | "perhaps-same" | "other" | "absent";

/** Where the modem of one configured port is: found when it is first asked for, and found again after it went away. */
export class Whereabouts {
  /** As the operator named it: a port, or `auto`. */
  readonly named: string;
  readonly #host: HostRoots;
  /** This very modem was found, and no other may take its place: another one is served by itself. */
  readonly #onlyThis: boolean;
  /** Whichever modem is there: for one that works with one modem, `all` means no more than `auto`. */
  readonly #whichever: boolean;
  /** A socket's other end cannot be seen: it is tried. */
  readonly #canBeSeen: boolean;
  #anchor: PortAnchor | undefined;
  #hasAnswered = false;
  #last: string;

  constructor(named: string, host: HostRoots, found?: PortAnchor) {
    this.named = named;
    this.#host = host;
    this.#anchor = found;
    this.#onlyThis = found !== undefined;
    this.#whichever = named === autoPort || named === allPorts;
    this.#canBeSeen = !/^[a-z]+:/.test(named);
    this.#last = named;
  }

  /** The name it was opened by last; as it was named while it was not. */
  get last(): string {
    return this.#last;
  }

  get canBeSeen(): boolean {
    return this.#canBeSeen;
  }

  /** Where the modem is, or was last; undefined while none was ever there. */
  get place(): string | undefined {
    return this.#anchor === undefined && !this.#hasAnswered ? undefined : this.#last;
  }

  /** What it is known by. */
  get anchor(): PortAnchor | undefined {
    return this.#anchor;
  }

  /** A modem answered there once. */
  get hasAnswered(): boolean {
    return this.#hasAnswered;
  }

  noteAnswer(): void {
    this.#hasAnswered = true;
  }

  /**
   * The name to open it by now, which is remembered as its own.
   * @throws EsimdError `port_missing`, `port_ambiguous`; a named port that was never there is left to the opening.
   */
  async locate(): Promise<string> {
    this.#last = this.#anchor === undefined ? await this.#firstSeen() : await this.#seenAgain(this.#anchor);
    return this.#last;
  }

  /**
   * Where the modem can be opened now: {@link locate}, and where esimd chose the port, behind it the modem's other AT ports, for when that one does not do.
   * @throws EsimdError as `locate`.
   */
  async candidates(): Promise<readonly string[]> {
    const first = await this.locate();
    if (!this.#whichever && !this.#onlyThis) return [first];
    const modem = modemsOf(await discoverPorts(this.#host)).find(({ atPorts }) =>
      atPorts.some(({ path }) => path === first),
    );
    const others = (modem?.atPorts ?? []).map(({ path }) => path).filter((path) => path !== first);
    return [first, ...others];
  }

  /** It is on this one of them, and is looked for there from now on. */
  async settleOn(path: string): Promise<void> {
    if (path === this.#last) return;
    this.#anchor = await anchorOf(path, this.#host);
    this.#last = path;
  }

  /** The same modem can be opened now. */
  async isBack(): Promise<boolean> {
    if (!this.#canBeSeen) return true;
    const path = this.#anchor === undefined ? undefined : await findAgain(this.#anchor, this.#host);
    // udev sets a node's group and mode only after the kernel made it.
    return path !== undefined && (await mayBeOpened(path));
  }

  /** There is something to work with, be it another modem in the old one's place: then the old one is forgotten. */
  async isAny(): Promise<boolean> {
    if (!this.#canBeSeen) return true;
    if (this.#anchor !== undefined && (await findAgain(this.#anchor, this.#host)) !== undefined) return true;
    if (this.#onlyThis || !(await this.#isNamedThere())) return false;
    this.#anchor = undefined;
    this.#hasAnswered = false;
    return true;
  }

  /** Who is there now. Names and sysfs alone are looked at; after `other` the old modem is forgotten. */
  async presence(): Promise<Presence> {
    if (!this.#canBeSeen) return "same";
    const anchor = this.#anchor;
    if (anchor === undefined) return (await this.#isNamedThere()) ? "perhaps-same" : "absent";
    if ((await findAgain(anchor, this.#host)) !== undefined) return anchor.serialIsItsOwn ? "same" : "perhaps-same";
    return (await this.isAny()) ? "other" : "absent";
  }

  async #firstSeen(): Promise<string> {
    if (!this.#canBeSeen) return this.named;
    const path = this.#whichever ? choosePort(await discoverPorts(this.#host)).path : this.named;
    const anchor = await anchorOf(path, this.#host);
    if ((await findAgain(anchor, this.#host)) !== undefined) this.#anchor = anchor;
    return path;
  }

  async #seenAgain(anchor: PortAnchor): Promise<string> {
    const path = await findAgain(anchor, this.#host);
    if (path !== undefined) return path;
    throw new EsimdError("port_missing", `the modem that was on ${this.#last} is not there any more`);
  }

  async #isNamedThere(): Promise<boolean> {
    if (!this.#whichever) return exists(this.named);
    try {
      choosePort(await discoverPorts(this.#host));
      return true;
    } catch (error) {
      // Several are there: the run says which.
      if (isEsimdError(error, "port_ambiguous")) return true;
      if (isEsimdError(error, "port_missing")) return false;
      throw error;
    }
  }
}

function exists(path: string): Promise<boolean> {
  return canAccess(path, constants.F_OK);
}

function mayBeOpened(path: string): Promise<boolean> {
  return canAccess(path, constants.R_OK | constants.W_OK);
}

function canAccess(path: string, mode: number): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
