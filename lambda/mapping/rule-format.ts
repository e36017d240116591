/** JSON whose strings may be Liquid templates. */
export type TemplateJson =
  string | number | boolean | null | readonly TemplateJson[] | { readonly [key: string]: TemplateJson };

/** What `types` may make of a property. */
export const propertyTypes = ['number', 'string', 'boolean', 'date'] as const;

/** What a property becomes in Heap, whatever CleverTap sent. */
export type PropertyType = (typeof propertyTypes)[number];

/** What `spread` may copy. */
export const spreadGroups = ['Event', 'KeyValues'] as const;

/** A group of values that is copied whole. */
export type SpreadGroup = (typeof spreadGroups)[number];

/** The top-level names in templates. */
export const scopeNames = ['Profile', 'Event', 'KeyValues', 'Campaign', 'Received', 'Path', 'Body'] as const;

/** How events that match `when` become Heap events. The strings are Liquid templates with CleverTap's own names. */
export interface MappingRule {
  /** The file that contains the rule, for messages. */
  readonly name: string;
  /** If both are given, both must match. Names are compared without regard to case and blanks. */
  readonly when: { readonly event?: string | undefined; readonly campaign?: string | number | undefined };
  /** The fields of the event in Heap; those left out are as the default mapping has them. */
  readonly send: {
    readonly app_id?: string | number | undefined;
    readonly identity?: string | undefined;
    readonly event?: string | undefined;
    readonly timestamp?: string | number | undefined;
    readonly idempotency_key?: string | undefined;
    readonly properties?: Readonly<Record<string, TemplateJson>> | undefined;
  };
  /** What a property becomes, by its name; without a value of that type it is left out. */
  readonly types?: Readonly<Record<string, PropertyType>> | undefined;
  /** Groups of values that are copied to the properties; `send` comes first. */
  readonly spread?: readonly SpreadGroup[] | undefined;
  /** Sent to Heap as properties of the user. */
  readonly userProperties?: Readonly<Record<string, TemplateJson>> | undefined;
}

/** The part of an environment's settings that is bundled with the function, as `mapping.json`. */
export interface MappingSettings {
  /** The first rule that matches an event applies. */
  readonly rules: readonly MappingRule[];
  /** Event names by `targetId`, for campaigns that name their event nowhere else. */
  readonly campaigns: Readonly<Record<string, string>>;
  /** Identities denied in addition to the built-in placeholders; `*` matches any string. */
  readonly deniedIdentities: readonly string[];
}

export const noMapping: MappingSettings = { rules: [], campaigns: {}, deniedIdentities: [] };
