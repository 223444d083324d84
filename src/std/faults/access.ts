import { spec } from "../fault-spec.ts";
import { accessHint, accessMessage, manifestHint, nameHint, type Identity, type MissingManifest } from "./access-words.ts";

const said = (answer: string | undefined): string => (answer ? `: ${answer}` : "");

/** Faults about who may do what at a registry, and about what is not there or only seems so. */
export const accessFaults = {
  REGISTRY_UNAUTHORIZED: spec<Identity>({
    when: "The registry wants a login, or did not accept the one that was given.",
    exit: 1,
    message: (who) =>
      who.expired !== undefined && who.credentialSource !== undefined
        ? accessMessage(who, (as) => `registry ${who.host} did not accept the login ${as}, whose token ended at ${who.expired}`)
      : who.credentialSource === undefined
        ? accessMessage(who, () => `registry ${who.host} wants a login${who.repository ? ` for ${who.repository}` : ""}, and none was sent`)
        : accessMessage(who, (as) => `registry ${who.host} did not accept the login ${as}${who.repository ? ` for ${who.repository}` : ""}`),
    hint: (who) => accessHint(who, "unauthorized"),
  }),
  REGISTRY_DENIED: spec<Identity>({
    when: "The registry knows who asks, and that identity may not do this.",
    exit: 1,
    message: (who) => accessMessage(who, (as) => `registry ${who.host} denies access${who.repository ? ` to ${who.repository}` : ""} ${as}`),
    hint: (who) => accessHint(who, "denied"),
  }),
  LOGIN_REFUSED: spec<{ host: string; user: string; answer?: string }>({
    when: "`sampan login` gave a user name and password that the registry does not accept.",
    exit: 1,
    message: ({ host, user, answer }) => `registry ${host} does not accept this password for ${user}${said(answer)}`,
    hint: () => "check the name and the password; many registries want an access token in the password's place",
  }),
  LOGIN_NOT_CONFIRMED: spec<{ host: string; answer?: string }>({
    when: "`sampan login --device` was not confirmed in time, was refused, or the registry has no identity provider.",
    exit: 1,
    message: ({ host, answer }) => `the login to registry ${host} was not confirmed${said(answer)}`,
    hint: () => "begin again, or log in with a name and a password where the registry has no identity provider",
  }),
  MANIFEST_UNKNOWN: spec<MissingManifest>({
    when: "The repository has no manifest of that tag or digest.",
    exit: 1,
    message: ({ reference }) => `manifest for ${reference} not found`,
    hint: manifestHint,
  }),
  NAME_UNKNOWN: spec<{ host: string; repository: string; user?: string; credentialSource?: string; answer?: string }>({
    when: "The registry has no repository of that name.",
    exit: 1,
    message: ({ host, repository }) => `repository ${repository} not found on ${host}`,
    hint: nameHint,
  }),
  CREDENTIAL_HELPER: spec<{ helper: string; host: string; file: string; key: string; problem: string; missing: boolean }>({
    when: "A credential helper that config.json names is missing, fails, or does not answer as the protocol says.",
    exit: 1,
    message: ({ helper, host, file, key, problem }) => `docker-credential-${helper}, which ${key} in ${file} names for ${host}: ${problem}`,
    hint: ({ helper, file, key, missing }) =>
      missing === true
        ? `install docker-credential-${helper}, or take ${key} out of ${file} and log in again; DOCKER_AUTH_CONFIG and --creds are used without it`
        : `\`docker-credential-${helper} list\` shows whether it works; DOCKER_AUTH_CONFIG and --creds are used without it`,
  }),
  DOCKER_CONFIG_INVALID: spec<{ file: string; problem: string }>({
    when: "The file (or variable) with logins cannot be read or is not in docker's format.",
    exit: 1,
    message: ({ file, problem }) => `${file} is not valid: ${problem}`,
    hint: () => 'it is JSON such as {"auths":{"registry.example.com":{"auth":"<base64 of user:password>"}}}',
  }),
  LOGIN_NOT_SAVED: spec<{ file: string; reason: string }>({
    when: "The file that keeps logins cannot be written.",
    exit: 1,
    message: ({ file, reason }) => `${file} could not be written (${reason}): the logins in it stay as they were`,
    hint: ({ reason }) => (reason === "ENOSPC" || reason === "EDQUOT" ? "free some space on its disk, then run the command again" : "its folder has to be writable for you; a new login can go to another one, which DOCKER_CONFIG names"),
  }),
} as const;
