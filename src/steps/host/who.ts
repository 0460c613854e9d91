import { hostname, userInfo } from 'node:os'

/** Who drives the run: `user@workstation`, for claims and messages. */
export const whoDrives = () => `${userInfo().username}@${hostname()}`
