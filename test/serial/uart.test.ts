import { afterEach, describe, expect, it } from "vitest";
import { openPty } from "../../src/emulator/modem/transport/pty.js";
import { openPort } from "../../src/serial/open.js";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe("the speed of a tty", () => {
  it("can be set while it is open, and bytes still pass", async () => {
    let heard: (text: string) => void = () => undefined;
    const far = await openPty({
      link: undefined,
      events: { onBytes: (bytes) => heard(Buffer.from(bytes).toString()), onHostChange: () => undefined },
    });
    closers.push(() => far.close());
    const port = await openPort(far.address, new AbortController().signal);
    closers.push(() => port.close());
    // A pty has a speed in name only: it is no real UART.
    expect(port.isUart).toBe(false);
    await port.setBaud?.(921_600);
    const said = new Promise<string>((resolve) => {
      heard = resolve;
    });
    await port.write(Buffer.from("AT\r"));
    expect(await said).toBe("AT\r");
  });
});
