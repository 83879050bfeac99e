/**
 * Every way in which esimd can end other than well: one entry a code. The codes are a contract (docs/errors.md is generated from here);
 * a code is never renamed or given another meaning.
 */

/** Who can change the outcome. */
export type Actor = "operator" | "device-maker" | "vendor" | "network" | "esimd" | "none";

/** `never`: the same run ends the same way; `later`: worth another run after a pause; `now`: at once. */
export type RetryClass = "never" | "later" | "now";

export interface ErrorEntry {
  /** What happened, in general; the error's own message says it in particular. */
  readonly sentence: string;
  readonly actor: Actor;
  readonly retry: RetryClass;
  /** Process exit status, after sysexits.h and the contract in docs/errors.md. */
  readonly exit: number;
  /** What the actor does next. */
  readonly next: string;
  /** Set when a run that meets this ends `held`: nothing more is done by itself until a person decides. */
  readonly held?: true;
}

const entries = {
  // --- the call, its configuration, its surroundings ---
  usage: {
    sentence: "The command line is not one that esimd understands.",
    actor: "operator",
    retry: "never",
    exit: 64,
    next: "See `esimd help`.",
  },
  bad_input: {
    sentence: "A value or a file given to esimd is malformed.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Correct the named value and run again.",
  },
  bad_eid: {
    sentence: "An EID is not 32 digits with the right check digits.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Compare the EID with the label of the eUICC.",
  },
  bad_activation_code: {
    sentence: "An activation code is not of the form LPA:1$HOST$MATCHING-ID.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Copy the activation code again, whole.",
  },
  scenario_invalid: {
    sentence: "A scenario file of an emulator cannot be used.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Correct the named entry of the scenario file.",
  },
  config_invalid: {
    sentence: "The configuration has a key or a value that esimd does not take.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Correct the named key; `esimd config check` tries it without touching the modem.",
  },
  config_unreadable: {
    sentence: "A configuration file cannot be read.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Check the path and the permissions of the file.",
  },
  credentials_missing: {
    sentence: "The provider needs credentials and none were found.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Give ESIMD_API_KEY and ESIMD_API_SECRET, or systemd credentials of these names, or choose provider none.",
  },
  state_unwritable: {
    sentence: "The state folder cannot be written, and without a journal nothing may be paid.",
    actor: "operator",
    retry: "later",
    exit: 74,
    next: "Check the space, the mount and the owner of the state folder.",
  },
  state_newer: {
    sentence: "The journal was written by a newer esimd.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Install the newer esimd again; an older one does not touch its journal.",
  },
  state_locked: {
    sentence: "Another esimd works on the same eUICC.",
    actor: "operator",
    retry: "later",
    exit: 75,
    next: "Wait until the named process ends, or stop it.",
  },
  clock_insane: {
    sentence: "The clock is before the build date of esimd, so no certificate can be judged.",
    actor: "operator",
    retry: "later",
    exit: 75,
    next: "Wait for time synchronisation, or set the clock.",
  },
  deadline: {
    sentence: "A wait passed its deadline.",
    actor: "none",
    retry: "later",
    exit: 75,
    next: "Run again: esimd goes on where it stopped.",
  },
  cancelled: {
    sentence: "The run was stopped from outside.",
    actor: "none",
    retry: "later",
    exit: 75,
    next: "Run again: esimd goes on where it stopped.",
  },
  pty_missing: {
    sentence: "The emulated modem wants a pseudo-terminal, and this machine has no library for it.",
    actor: "operator",
    retry: "never",
    exit: 69,
    next: "Give the emulated modem a socket: --listen HOST:PORT or --listen unix:/PATH.",
  },
  unexpected: {
    sentence: "esimd met a failure that it did not foresee.",
    actor: "esimd",
    retry: "later",
    exit: 1,
    next: "Report it with the log of this run (`--log-level debug`).",
  },

  // --- the serial line and the modem ---
  port_missing: {
    sentence: "There is no such port.",
    actor: "operator",
    retry: "later",
    exit: 66,
    next: "Plug the modem in, and look at /dev/serial/by-id for its name.",
  },
  port_busy: {
    sentence: "Another program holds the port.",
    actor: "operator",
    retry: "later",
    exit: 75,
    next: "Stop the other program, or give esimd a port of its own (ModemManager: a udev rule with ID_MM_PORT_IGNORE).",
  },
  port_forbidden: {
    sentence: "The port may not be opened by this user.",
    actor: "operator",
    retry: "never",
    exit: 77,
    next: "Add the user to the group that owns the port (on Debian: dialout).",
  },
  serial_io: {
    sentence: "Reading from or writing to the port failed.",
    actor: "device-maker",
    retry: "later",
    exit: 74,
    next: "Check the cable, the hub and the modem's power.",
  },
  serial_gone: {
    sentence: "The port disappeared while esimd used it: the modem was unplugged or restarted.",
    actor: "none",
    retry: "later",
    exit: 74,
    next: "Plug the modem in and run again: esimd goes on where it stopped.",
  },
  modem_silent: {
    sentence: "The modem does not answer.",
    actor: "operator",
    retry: "later",
    exit: 69,
    next: "Check that this is the modem's AT port, and that the modem has power; restart it if it hangs.",
  },
  modem_unknown: {
    sentence: "The modem answers, but in no dialect that esimd speaks.",
    actor: "device-maker",
    retry: "never",
    exit: 69,
    next: "Run `esimd probe`, and check that the modem offers AT+CCHO, AT+CGLA and AT+CCHC, or AT+CSIM.",
  },
  modem_refused: {
    sentence: "The modem refused a command.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Run again; if it stays, look the command and the error up in the modem's manual.",
  },
  modem_busy: {
    sentence: "The modem or its SIM stayed busy.",
    actor: "none",
    retry: "later",
    exit: 75,
    next: "Run again in a minute.",
  },
  modem_protocol: {
    sentence: "The modem's answer breaks the protocol.",
    actor: "vendor",
    retry: "later",
    exit: 76,
    next: "Record the exchange (`--log-level trace`) and report it to the modem's vendor.",
  },
  not_registered: {
    sentence: "The modem downloads by its own network, and it is not registered on one.",
    actor: "network",
    retry: "later",
    exit: 75,
    next: "The modem needs a bootstrap profile that is enabled and in coverage, or a dialect whose download the host relays.",
  },
  registration_missing: {
    sentence: "The profile is installed and enabled, but the modem is not registered on a network.",
    actor: "network",
    retry: "later",
    exit: 11,
    next: "Check coverage, antenna and the Sim's status and Fleet.",
  },

  // --- the eUICC ---
  no_euicc: {
    sentence: "The modem has no eUICC that esimd can reach.",
    actor: "device-maker",
    retry: "never",
    exit: 69,
    next: "Check that an eSIM is fitted and that the modem's active SIM slot is the eSIM's.",
  },
  lpa_holds_isdr: {
    sentence: "The modem's own LPA holds the eUICC, and esimd may not switch it off.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Set modem.take_isdr = true, and esimd switches the modem's LPA off for good and resets the modem once; or use another modem.",
  },
  eid_mismatch: {
    sentence: "The eUICC's EID is not the one that was expected.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Check that the right unit is connected; nothing was reserved.",
  },
  euicc_full: {
    sentence: "The eUICC has no room for another profile.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Delete a profile that is not needed with an LPA of your choice, then run again: the reservation is kept.",
    held: true,
  },
  enable_failed: {
    sentence: "The profile is installed but could not be enabled.",
    actor: "device-maker",
    retry: "later",
    exit: 69,
    next: "Run again; if it stays, restart the modem.",
  },
  profile_missing: {
    sentence: "A profile that was on the eUICC is no longer there.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Find out who deleted it; a paid profile installs only once.",
    held: true,
  },

  // --- the SM-DP+ and the download ---
  smdp_unreachable: {
    sentence: "The SM-DP+ cannot be reached.",
    actor: "network",
    retry: "later",
    exit: 69,
    next: "Check the network, DNS and the address of the SM-DP+.",
  },
  smdp_untrusted: {
    sentence: "The SM-DP+'s TLS certificate does not chain to a configured GSMA root.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Put the root that the SM-DP+ uses into ci_roots, or find out who answers in its place.",
  },
  smdp_error: {
    sentence: "The SM-DP+ answered with a failure.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Run again later; if it stays, ask the provider with the subject and reason code.",
  },
  smdp_refused: {
    sentence: "The SM-DP+ refuses this download for good.",
    actor: "vendor",
    retry: "never",
    exit: 79,
    next: "Ask the provider about the order; esimd will not pay for another one by itself.",
    held: true,
  },
  smdp_protocol: {
    sentence: "The SM-DP+'s answer breaks the protocol.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Run again later; if it stays, report it to the provider.",
  },
  no_profile_waiting: {
    sentence: "The SM-DP+ has no profile waiting for this eUICC.",
    actor: "operator",
    retry: "later",
    exit: 75,
    next: "Order a profile for this EID at the back end; esimd asks again on its next run.",
  },
  download_failed: {
    sentence: "The download failed, and the profile is not on the eUICC.",
    actor: "none",
    retry: "later",
    exit: 75,
    next: "Run again: the reservation is kept, and the same eUICC may try again.",
  },
  install_failed: {
    sentence: "The eUICC reported that the installation failed, and the profile is not there.",
    actor: "vendor",
    retry: "never",
    exit: 79,
    next: "Ask the provider whether the order can be released again; esimd will not pay for another one by itself.",
    held: true,
  },
  install_unconfirmed: {
    sentence: "The modem says that the profile was installed, again and again, but the eUICC's list does not have it.",
    actor: "vendor",
    retry: "never",
    exit: 79,
    next: "Restart the modem and look with `esimd probe`; then decide about the reservation.",
    held: true,
  },
  wrong_profile: {
    sentence: "The SM-DP+ offers a profile whose ICCID is not the reservation's.",
    actor: "vendor",
    retry: "never",
    exit: 79,
    next: "Ask the provider which reservation the profile belongs to.",
    held: true,
  },

  // --- the provider's API ---
  api_unreachable: {
    sentence: "The provider's API cannot be reached.",
    actor: "network",
    retry: "later",
    exit: 69,
    next: "Check the network, DNS, the clock and api.url.",
  },
  api_unavailable: {
    sentence: "The provider's API answers with a server error.",
    actor: "vendor",
    retry: "later",
    exit: 75,
    next: "Nothing to do: esimd tries again later.",
  },
  api_rate_limited: {
    sentence: "The provider's API asks for a pause.",
    actor: "none",
    retry: "later",
    exit: 75,
    next: "Nothing to do: esimd tries again later.",
  },
  api_credentials: {
    sentence: "The provider's API refuses the credentials.",
    actor: "operator",
    retry: "never",
    exit: 77,
    next: "Check key, secret and account, and that the key may use Super SIM.",
  },
  api_rejected: {
    sentence: "The provider's API rejects the request.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Look the error code up in the provider's documentation.",
  },
  api_missing: {
    sentence: "The provider's API does not know the resource.",
    actor: "operator",
    retry: "never",
    exit: 65,
    next: "Check that the account is the one that the resource belongs to.",
  },
  api_protocol: {
    sentence: "The provider's API answers with something that is not its contract.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Check api.url (a proxy or a captive portal answers like this), then run again.",
  },
  no_stock: {
    sentence: "The provider has no eSIM profiles to reserve at the moment (83500).",
    actor: "vendor",
    retry: "later",
    exit: 75,
    next: "Nothing was charged; ask the provider when stock returns. esimd tries again later.",
  },

  // --- money ---
  reservation_failed: {
    sentence: "The provider could not reserve a profile; nothing was charged.",
    actor: "vendor",
    retry: "later",
    exit: 75,
    next: "Run again later; if it stays, ask the provider with the error code.",
  },
  reservation_lost: {
    sentence: "A reservation that was paid for failed before it was installed.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Ask the provider for a replacement; ledger.jsonl in the state folder shows what was paid.",
    held: true,
  },
  reservation_installed: {
    sentence: "The provider says that this eUICC's reservation is installed, but the eUICC does not have the profile.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "The profile was probably deleted; ask the provider. esimd will not pay for another one by itself.",
    held: true,
  },
  reservation_unclear: {
    sentence: "It cannot be known whether a reservation was made and charged.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Look at the account's ESimProfiles, then decide: adopt the reservation, or allow another one.",
    held: true,
  },
  budget_spent: {
    sentence: "This eUICC has used up the reservations that it may cost.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Decide whether to pay again, and raise reservation.max_reservations if so.",
    held: true,
  },
  ledger_damaged: {
    sentence: "The ledger of what was paid is missing or damaged, so esimd will not pay.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Restore the ledger from a backup, or check the account and decide.",
    held: true,
  },

  // --- the Sim ---
  sim_inactive: {
    sentence: "The Sim is inactive, and esimd does not reactivate a Sim unasked.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Set sim.reactivate = true, or activate the Sim by hand.",
    held: true,
  },
  sim_missing: {
    sentence: "The API has no Sim for the profile.",
    actor: "vendor",
    retry: "later",
    exit: 69,
    next: "Check that the account owns the profile's ICCID.",
  },
  fleet_missing: {
    sentence: "The Sim belongs to no Fleet, and none is configured.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Set sim.fleet to the Fleet that new devices join, then run again: nothing is paid twice.",
  },
  fleet_unknown: {
    sentence: "The configured Fleet does not exist in the account.",
    actor: "operator",
    retry: "never",
    exit: 78,
    next: "Correct sim.fleet, then run again: nothing is paid twice.",
  },
  sim_refused: {
    sentence: "The API refuses to move the Sim to the wanted status.",
    actor: "operator",
    retry: "never",
    exit: 79,
    next: "Look at the Sim in the provider's console and decide.",
    held: true,
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof entries;

export const errorRegistry: Readonly<Record<ErrorCode, ErrorEntry>> = entries;

export const errorCodes = Object.keys(entries) as readonly ErrorCode[];
