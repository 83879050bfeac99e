import type { Config, SocketWish } from "./config.js";
import type { configSchema } from "./schema.js";

const providerUrls = {
  twilio: "https://supersim.twilio.com",
  kore: "https://supersim.api.korewireless.com",
  none: "",
} as const;

const koreTokenUrl = "https://api.korewireless.com/api-services/v1/auth/token";

/** What never stands in a file of the configuration. */
export type Secrets = Pick<Config["api"], "key" | "secret"> &
  Pick<Config["download"], "confirmationCode"> & { readonly callbackSecret: string | undefined };

/** From the file's shape to the program's. Pure. */
export function resolved(file: ReturnType<typeof configSchema.parse>, secrets: Secrets): Config {
  const { api, reservation, sim, download } = file;
  return {
    stateDir: file.state_dir,
    ciRoots: file.ci_roots,
    deadlineMs: file.deadline,
    log: { level: file.log.level },
    daemon: { concurrency: file.daemon.concurrency, socket: socketWish(file.daemon.socket) },
    modem: {
      port: file.modem.port,
      dialect: file.modem.dialect,
      lpa: file.modem.lpa,
      takeIsdR: file.modem.take_isdr,
      expectedEid: file.modem.expected_eid,
      wakeWaitMs: file.modem.wake_wait,
      simSlot: file.modem.sim_slot,
      apn: file.modem.apn,
      baud: file.modem.baud,
      returnWaitMs: file.modem.return_wait,
      inhibitModemManager: file.modem.inhibit_modem_manager,
      dialects: file.modem.dialects,
    },
    api: {
      provider: api.provider,
      url: api.provider === "none" ? "" : (api.url ?? providerUrls[api.provider]),
      tokenUrl: api.provider === "kore" ? (api.token_url ?? koreTokenUrl) : undefined,
      accountSid: api.account_sid,
      key: secrets.key,
      secret: secrets.secret,
      callbackUrl: api.callback_url,
      callbackMethod: api.callback_method,
      timeoutMs: api.timeout,
    },
    reservation: {
      method: reservation.method,
      maxReservations: reservation.max_reservations,
      reserveSettleMs: reservation.reserve_settle,
      onUnclear: reservation.on_unclear,
      availableWaitMs: reservation.available_wait,
    },
    sim: {
      activate: sim.activate,
      when: sim.when,
      fleet: sim.fleet,
      uniqueName: sim.unique_name,
      reactivate: sim.reactivate,
    },
    download: {
      smdpAddress: download.smdp_address,
      smdpPins: download.smdp_pins.map((pin) => pin.toLowerCase()),
      confirmationCode: secrets.confirmationCode,
      attempts: download.attempts,
      timeoutMs: download.timeout,
    },
    confirm: { waitMs: file.confirm.wait },
    network: { registrationWaitMs: file.network.registration_wait },
    connectivity: connectivityOf(file.connectivity),
    boot: {
      clockWaitMs: file.boot.clock_wait,
      clockTrust: file.boot.clock_trust,
      networkWaitMs: file.boot.network_wait,
    },
    defaultSmdp: {
      address: file.default_smdp.address,
      set: file.default_smdp.set,
      pollLongestMs: file.default_smdp.poll_longest,
    },
    callbacks: {
      listen: file.callbacks.listen,
      path: file.callbacks.path,
      secret: secrets.callbackSecret,
      tlsCertFile: file.callbacks.tls_cert_file,
      tlsKeyFile: file.callbacks.tls_key_file,
    },
  };
}

function connectivityOf(table: ReturnType<typeof configSchema.parse>["connectivity"]): Config["connectivity"] {
  const { url, local_address: localAddress, url_timeout: timeoutMs, hook } = table;
  return {
    check: table.check,
    rollback: table.rollback,
    waitMs: table.wait,
    switchesPerDay: table.switches_per_day,
    url: url === undefined || localAddress === undefined ? undefined : { url: new URL(url), localAddress, timeoutMs },
    hook: hook === undefined ? undefined : { path: hook, timeoutMs: table.hook_timeout },
  };
}

function socketWish(named: string | undefined): SocketWish {
  if (named === undefined) return { kind: "default", path: "/run/esimd/esimd.sock" };
  return named === "none" ? { kind: "none" } : { kind: "named", path: named };
}
