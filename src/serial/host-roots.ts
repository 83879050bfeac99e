/** Where this host's device nodes, sysfs, procfs and run-time files are: a test gives a tree of its own. */
export interface HostRoots {
  readonly dev: string;
  readonly sys: string;
  readonly proc: string;
  readonly run: string;
}

export const realHost: HostRoots = { dev: "/dev", sys: "/sys", proc: "/proc", run: "/run" };
