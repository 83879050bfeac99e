/** A self-signed root of X.509 version 1, "CN=No key id", made by openssl: it has no extensions. Valid from 2026-11-24 to 2126-10-31. */
export const rootWithoutKeyId = [
  "-----BEGIN CERTIFICATE-----",
  "MIIBJTCBywIUMDWxeoOabZWZjZ4e9xttbtgOZZ4wCgYIKoZIzj0EAwIwFDESMBAG",
  "A1UEAwwJTm8ga2V5IGlkMCAXDTI2MTEyNDA0MjUzN1oYDzIxMjYxMDMxMDQyNTM3",
  "WjAUMRIwEAYDVQQDDAlObyBrZXkgaWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC",
  "AASweGddDWykhxEVkNvbtpMhJxV2ZeukrI5Q+dEesgAgtxxRqDjlh/niTCUtRSrj",
  "SbnONxf9Kmb3CEKfIPnw914cMAoGCCqGSM49BAMCA0kAMEYCIQDkwDVzSZEG3Uyg",
  "9F7Y9BffZTwJz/qVMgFE33SErwzjHgIhAOfmVuGxZ48HVdeP2EnJOQZ6K/Dhu+k7",
  "5oHU2BpJHjrP",
  "-----END CERTIFICATE-----",
].join("\n");
