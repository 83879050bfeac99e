/** The machines that a package is made for: their names with Debian, with Node and with ELF. */
export interface Architecture {
  readonly debian: "amd64" | "arm64" | "armhf";
  /** `process.arch`, by which the native part is looked for on the device. */
  readonly node: "x64" | "arm64" | "arm";
  /** The prebuilt native part of serialport for it, with glibc. Debian's armhf is ARMv7. */
  readonly prebuild: string;
  /** `e_machine` of elf(5). */
  readonly elfMachine: number;
  /** 1 for 32 bits, 2 for 64: `EI_CLASS` of elf(5). */
  readonly elfClass: 1 | 2;
}

export const architectures: readonly Architecture[] = [
  {
    debian: "amd64",
    node: "x64",
    prebuild: "@serialport+bindings-cpp.glibc.node",
    elfMachine: 62,
    elfClass: 2,
  },
  {
    debian: "arm64",
    node: "arm64",
    prebuild: "@serialport+bindings-cpp.armv8.glibc.node",
    elfMachine: 183,
    elfClass: 2,
  },
  {
    debian: "armhf",
    node: "arm",
    prebuild: "@serialport+bindings-cpp.armv7.glibc.node",
    elfMachine: 40,
    elfClass: 1,
  },
];
