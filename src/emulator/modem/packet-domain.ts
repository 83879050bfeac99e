/** The modem's PDP contexts: defined by the host and kept without power, active while there is a network (TS 27.007 10.1). */

import type { World } from "./world-options.js";

export const pdpTypes = ["IP", "IPV6", "IPV4V6"] as const;
export type PdpType = (typeof pdpTypes)[number];

export interface PdpContext {
  readonly cid: number;
  readonly type: PdpType;
  readonly apn: string;
}

export interface PacketDomainParts {
  readonly world: () => Pick<World, "apnRejected" | "defaultBearer">;
  readonly isRegistered: () => boolean;
  /** The least that the maker leaves in a new modem. */
  readonly contexts?: readonly PdpContext[];
}

/** The address that every active context gets; of the range for documentation (RFC 5737). */
export const contextAddress = "192.0.2.17";

export class PacketDomain {
  readonly #parts: PacketDomainParts;
  readonly #contexts = new Map<number, PdpContext>();
  readonly #active = new Set<number>();
  #wantsAttach = true;

  constructor(parts: PacketDomainParts) {
    this.#parts = parts;
    for (const context of parts.contexts ?? [{ cid: 1, type: "IPV4V6", apn: "super" }]) {
      this.#contexts.set(context.cid, context);
    }
  }

  get contexts(): readonly PdpContext[] {
    return [...this.#contexts.values()].sort((one, other) => one.cid - other.cid);
  }

  context(cid: number): PdpContext | undefined {
    return this.#contexts.get(cid);
  }

  get isAttached(): boolean {
    return this.#wantsAttach && this.#parts.isRegistered();
  }

  isActive(cid: number): boolean {
    return this.isAttached && this.#active.has(cid);
  }

  /** False: the modem refuses. An active context is not touched. */
  define(context: PdpContext): boolean {
    const { apnRejected } = this.#parts.world();
    if (apnRejected === "by-modem" || this.isActive(context.cid)) return false;
    if (apnRejected !== "silently") this.#contexts.set(context.cid, context);
    return true;
  }

  /** As {@link define}. */
  remove(cid: number): boolean {
    const { apnRejected } = this.#parts.world();
    if (apnRejected === "by-modem" || this.isActive(cid)) return false;
    if (apnRejected !== "silently") this.#contexts.delete(cid);
    return true;
  }

  attach(on: boolean): void {
    this.#wantsAttach = on;
    if (!on) this.#active.clear();
  }

  activate(cid: number): "ok" | "no such context" | "not attached" | "rejected" {
    if (!this.#contexts.has(cid)) return "no such context";
    if (!this.isAttached) return "not attached";
    if (this.#parts.world().apnRejected === "by-network") return "rejected";
    this.#active.add(cid);
    return "ok";
  }

  deactivate(cid: number): void {
    this.#active.delete(cid);
  }

  /** A network was found. */
  arrive(): void {
    const [first] = this.contexts;
    if (this.#parts.world().defaultBearer && first !== undefined) this.activate(first.cid);
  }

  /** The network was lost, or the power: definitions stay. */
  drop(): void {
    this.#active.clear();
  }

  powerOff(): void {
    this.drop();
    this.#wantsAttach = true;
  }
}
