import { LinuxPortBinding } from "@serialport/bindings-cpp";
import type { SerialPort } from "serialport";
import { describeCause, EsimdError } from "../base/errors.js";

/** A UART works with a few per cent between its two ends; a driver's divisor is seldom exact. */
const toleratedPercent = 3;

/**
 * Sets the host's speed and reads back what the driver made of it: one that cannot do a rate may keep the old one, or take the nearest,
 * and say nothing (uart_get_baud_rate in drivers/tty/serial/serial_core.c of the Linux kernel).
 * @throws EsimdError `serial_io` when the port has another speed afterwards, or refuses this one.
 */
export async function setSpeed(
  path: string,
  tty: Pick<SerialPort, "update">,
  readBack: () => Promise<number | undefined>,
  baud: number,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    tty.update({ baudRate: baud }, (cause) => {
      if (!cause) resolve();
      else
        reject(new EsimdError("serial_io", `${path} does not take ${baud} baud: ${describeCause(cause)}`, { cause }));
    });
  });
  const held = await readBack();
  if (held === undefined || Math.abs(held - baud) * 100 <= baud * toleratedPercent) return;
  throw new EsimdError("serial_io", `${path} does not take ${baud} baud: its driver has ${held} in place of it`);
}

/** The speed that the driver has, in both directions the same here; undefined where it cannot be read. */
export async function heldSpeed(binding: unknown): Promise<number | undefined> {
  if (!(binding instanceof LinuxPortBinding)) return undefined;
  try {
    return (await binding.getBaudRate()).baudRate;
  } catch {
    // Some drivers know no TCGETS2; the speed is then believed, as it was asked for.
    return undefined;
  }
}
