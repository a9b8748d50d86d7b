/**
 * The bot scopes each method needs, from Slack's reference of the methods (docs.slack.dev/reference/methods, read in
 * 2026). Of several any one is enough.
 */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  'conversations.create': ['channels:manage', 'groups:write'],
  'conversations.list': ['channels:read', 'groups:read'],
  'conversations.info': ['channels:read', 'groups:read'],
  'conversations.invite': ['channels:manage', 'groups:write'],
  'conversations.join': ['channels:join'],
  'conversations.members': ['channels:read', 'groups:read'],
  'conversations.setTopic': ['channels:manage', 'channels:write.topic', 'groups:write'],
  'conversations.setPurpose': ['channels:manage', 'groups:write'],
  'conversations.archive': ['channels:manage', 'groups:write'],
  'conversations.history': ['channels:history', 'groups:history'],
  'conversations.replies': ['channels:history', 'groups:history'],
  'chat.postMessage': ['chat:write'],
  'chat.postEphemeral': ['chat:write'],
  'chat.update': ['chat:write'],
  'pins.add': ['pins:write'],
  'pins.remove': ['pins:write'],
  'pins.list': ['pins:read'],
  'bookmarks.add': ['bookmarks:write'],
  'bookmarks.list': ['bookmarks:read'],
  'users.lookupByEmail': ['users:read.email'],
  'users.info': ['users:read'],
  'users.list': ['users:read'],
  'usergroups.list': ['usergroups:read'],
  'files.getUploadURLExternal': ['files:write'],
  'files.completeUploadExternal': ['files:write'],
};

/** The scope that the app lacks for a method; null when it has what it needs. */
export function lackedScope(method: string, granted: readonly string[]): string | null {
  const wanted = NEEDED[method];
  if (wanted === undefined || wanted.some((scope) => granted.includes(scope))) return null;
  return wanted[0] ?? null;
}
