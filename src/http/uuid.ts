/** Ids that the service gives are UUIDs; anything else in their place is an id that nothing has. */
export const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
