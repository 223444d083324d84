import { sentenceOf } from "../../std/why.ts";
import { RegistryError, type RegistryErrorCode } from "./registry-error.ts";

/** Why the pages get something else than they have asked for, beside missing rights; they say it in their own language, by these codes. */
export const REFUSALS = {
  repositoryMissing: "the registry has no such repository",
  imageMissing: "the repository has no such image",
  platformMissing: "the image {digest} is not there for {platform}",
  robotMissing: "there is no such robot, or it is not good any more",
  logInFirst: "log in first",
  peopleOnly: "robots and personal tokens are managed by people who have logged in with their password or at their provider",
  secretName: "a {kind} is called by small letters, digits, dots, hyphens and underscores, at most 63",
  secretTaken: "there is a {kind} of that name already",
  secretMissing: "there is no such {kind}",
  secretExpired: "it would have expired already",
  notKept: "personal tokens are for users that this registry or its directory keeps: users of an identity provider log in there",
  tokenOfAnother: "that token was given to another user of this name, or before the password was another one: an administrator can give it back",
  robotRights: "a robot is made by who administers the repositories that it is for, and has the rights that it gets",
  roleUnknown: "there is no such role: it may be {roles}",
  rolePatterns: "a role needs repositories: write prod/*, team/** or **",
  notInTrash: "the tag {tag} is not in the trash any more",
  immutableHere: "the tag {tag} of {repository} is immutable here",
  immutableMoved: "the tag {tag} of {repository} is immutable here, and names something else there",
  tagIsBack: "the tag {tag} is there again: delete or move it first",
} as const;

export function refusal(code: keyof typeof REFUSALS, values: Readonly<Record<string, string>>, options: { as: RegistryErrorCode; status?: number; detail?: object }): RegistryError {
  const { as, detail, ...status } = options;
  return new RegistryError(as, sentenceOf(REFUSALS, { code, values }), { ...status, detail: { ...detail, why: { code, values } } });
}
