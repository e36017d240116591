import { countsOf } from '../dead-letters/visit-dead-letters';
import { outputOf, type Environment } from '../environment/environment';
import { campaignsOf } from '../ledger/campaigns';
import { searchedGbUsd } from '../ledger/ledger';
import { describeCampaigns, mayEndAsOther, type CampaignStatus } from './campaign-report';
import { endWith, openEnvironment, print, type EnvironmentOptions } from './environment-command';

interface Options extends EnvironmentOptions {
  /** Milliseconds. */
  readonly window: number;
  readonly verbose?: boolean;
}

/** Shows the outcome of each campaign. */
export async function campaignStatus(options: Options): Promise<void> {
  const found = await readCampaignStatus(await openEnvironment(options), options.window);
  print(options, found, describeCampaigns(found, options));
  endWith(isAllRight(found));
}

/** Waiting events are fine while a message waits in the queue, or if they may have ended as `other`. */
export const isAllRight = (found: CampaignStatus): boolean =>
  found.gaps.length === 0 &&
  found.campaigns.every(({ rejected }) => rejected === 0) &&
  (found.campaigns.every(({ waiting }) => waiting === 0) ||
    found.unread + found.pendingHidden > 0 ||
    mayEndAsOther(found));

/** Reads the ledger of the window that ends now. */
export async function readCampaignStatus(environment: Environment, window: number): Promise<CampaignStatus> {
  const to = Date.now();
  const from = to - window;
  const { requests, refused, failed } = await environment.doorCounts(from, to);
  const buffer = await countsOf({ sqs: environment.sqs, url: outputOf(environment, 'EventBufferUrl') });
  // Read up to now: an event that ended after the queue was counted is not waiting.
  const { rows, gaps, scannedBytes } = await environment.ledger(from, Date.now());
  return {
    stackName: environment.stackName,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    accepted: requests - refused - failed,
    refused,
    failed,
    unread: buffer.visible,
    pendingHidden: buffer.inFlight + buffer.delayed,
    campaigns: campaignsOf(rows),
    gaps,
    search: scannedBytes === undefined ? null : { scannedBytes, usd: (scannedBytes / 1e9) * searchedGbUsd },
  };
}
