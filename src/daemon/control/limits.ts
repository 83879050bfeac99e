/** How long the daemon's longer works may take, for the daemon and for who waits for it. */

/** A pause may wait for an installation, which is not cut; as long as systemd waits for a stop. */
export const pauseMs = 300_000;
/** Giving a reservation up: a modem that is slow to wake, and a provider that answers at its deadline. */
export const releaseMs = 600_000;
export const reloadMs = 60_000;
/** Keeps the connection of who only listens recognisably alive; seldom enough for a battery. */
export const heartbeatMs = 25_000;
