/**
 * Real UARTs by the name that their driver gives them (drivers/tty/serial of the Linux kernel): 8250, PL011, i.MX, OMAP, Tegra, LPUART,
 * STM32, Qualcomm GENI and MSM, SC16IS7xx, Renesas SCI, Samsung, Meson, Cadence and Xilinx, SiFive, Rockchip's and Allwinner's are ttyS.
 * A USB port (ttyUSB, ttyACM) has a line speed in name only when a modem's own USB interface is behind it, and a wwan port, a pty or a
 * socket has none.
 */
const uartName = /^tty(S|AMA|mxc|O|THS|TCU|LP|STM|HS|MSM|SC|SAC|AML|PS|UL|SIF|RPMSG)\d+$/;

/** @param name The device's own name, without its folder and with no link in between. Pure. */
export function isUartName(name: string): boolean {
  return uartName.test(name);
}

/** The rates of termios (asm-generic/termbits.h) from 1200 up to 4 000 000, lowest first: what the host's end can hold at all. */
export const uartRates: readonly number[] = [
  1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000,
  1_152_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000,
];

/** What every port is opened with, the default of every host tool for these modems. */
export const openingBaud = 115_200;
