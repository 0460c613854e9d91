import { test } from 'vitest'

const able = process.env['EVHA_HOSTS'] === '1'

/** A test that needs machines of its own: skipped unless `script/hosts able` was asked and said yes. */
export const hostsTest = test.skipIf(!able)

/** The same for what takes longer than the tier may. */
export const nightlyHostsTest = test.skipIf(!able || process.env['EVHA_TEST_TIER'] !== 'nightly')
