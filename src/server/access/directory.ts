/** Users and groups that another program looks after. */
export interface Directory {
  /** The user, when the password is right. @throws RegistryError UNAVAILABLE when the directory does not answer */
  verify(user: string, password: string): Promise<DirectoryUser | undefined>;
  /** The user as they are now; remembered for a minute. @throws RegistryError UNAVAILABLE */
  find(user: string): Promise<DirectoryUser | undefined>;
}

export interface DirectoryUser {
  /** As the directory writes it, whatever the spelling of the login was. */
  readonly name: string;
  /** What makes two users of the same name different ones, and two passwords of one user where the directory tells. */
  readonly id: string;
  /** The same for the person, whatever their password is. */
  readonly person: string;
  readonly groups: readonly string[];
}
