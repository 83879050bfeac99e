import type { ErrorEntry } from "./entry.js";

/** The daemon's control socket, and who asks there. */
export const controlErrors = {
  daemon_absent: {
    sentence: "No esimd daemon answers on the control socket.",
    actor: "operator",
    retry: "later",
    exit: 69,
    next: "Start it (`systemctl start esimd`), or name its socket with daemon.socket or ESIMD_SOCKET.",
  },
  daemon_running: {
    sentence: "Another daemon has the control socket.",
    actor: "operator",
    retry: "later",
    exit: 75,
    next: "Stop the named process, or give this daemon a socket of its own (daemon.socket).",
  },
  daemon_busy: {
    sentence: "The daemon does not take this request now.",
    actor: "none",
    retry: "later",
    exit: 75,
    next: "Ask again in a moment.",
  },
  socket_unusable: {
    sentence: "The control socket cannot be made where the configuration wants it.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Set daemon.socket to a path in a folder that esimd's user may write, or to none.",
  },
  socket_forbidden: {
    sentence: "The control socket may not be opened by this user.",
    actor: "operator",
    retry: "never",
    exit: 77,
    next: "Run it as root, or as a member of the socket's group.",
  },
} as const satisfies Record<string, ErrorEntry>;
