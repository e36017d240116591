export const handler = (): { batchItemFailures: [] } => ({ batchItemFailures: [] });
