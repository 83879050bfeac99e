import { eg25, FakeHost } from "../support/fake-host.js";
import type { Field } from "./field.js";

/** A host with the field's modem on its USB, without a serial number; each time it is plugged in, its ttys have other numbers. */
export class UsbBench {
  readonly host = new FakeHost();
  plugs = 0;
  #device = eg25({});

  get atPort(): string {
    return this.host.byInterface(this.#device, 2);
  }

  plugIn(field: Field): void {
    if (this.plugs > 0) this.host.unplug(this.#device);
    // A program that still holds an old number keeps it taken.
    this.#device = eg25({ firstTty: this.plugs * 4, target: field.world.port });
    this.plugs++;
    this.host.plug(this.#device);
  }
}
