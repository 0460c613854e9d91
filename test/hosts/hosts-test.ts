import { test } from 'vitest'

/** A test that needs machines of its own: skipped unless `script/hosts able` was asked and said yes. */
export const hostsTest = test.skipIf(process.env['EVHA_HOSTS'] !== '1')
