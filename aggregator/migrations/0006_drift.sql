CREATE TABLE "drift_alerts" (
	"alert_id" text PRIMARY KEY NOT NULL,
	"position" bigserial NOT NULL,
	"model" text NOT NULL,
	"subject" text NOT NULL,
	"is_open" boolean NOT NULL,
	"alert" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "drift_deliveries" (
	"delivery_id" text PRIMARY KEY NOT NULL,
	"alert_id" text NOT NULL,
	"state" text NOT NULL,
	"num_attempts" integer NOT NULL,
	"next_at_ms" bigint NOT NULL,
	"body" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "drift_overlaps" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"layout_sha256" text NOT NULL,
	"window" bigint NOT NULL,
	"first" text NOT NULL,
	"second" text NOT NULL,
	"num_devices" integer NOT NULL,
	CONSTRAINT "drift_overlaps_once" PRIMARY KEY("model","version","layout_sha256","window","first","second")
);
--> statement-breakpoint
CREATE TABLE "drift_receipts" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"window" bigint NOT NULL,
	"device_id" text NOT NULL,
	CONSTRAINT "drift_receipts_once_per_window" PRIMARY KEY("model","version","window","device_id")
);
--> statement-breakpoint
CREATE TABLE "drift_releases" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"window" bigint NOT NULL,
	"position" bigserial NOT NULL,
	"release" jsonb NOT NULL,
	"released_at_ms" bigint NOT NULL,
	CONSTRAINT "drift_releases_once" PRIMARY KEY("model","version","window")
);
--> statement-breakpoint
CREATE TABLE "drift_sums" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"layout_sha256" text NOT NULL,
	"window" bigint NOT NULL,
	"cohort" text NOT NULL,
	"replicate" integer NOT NULL,
	"num_cells" integer NOT NULL,
	"vector" text NOT NULL,
	CONSTRAINT "drift_sums_once" PRIMARY KEY("model","version","layout_sha256","window","cohort","replicate")
);
--> statement-breakpoint
CREATE TABLE "drift_views" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"window" bigint NOT NULL,
	"cohort" text NOT NULL,
	"view" jsonb NOT NULL,
	CONSTRAINT "drift_views_once" PRIMARY KEY("model","version","cohort","window")
);
--> statement-breakpoint
CREATE UNIQUE INDEX "drift_alerts_one_open_per_subject" ON "drift_alerts" USING btree ("model","subject") WHERE "drift_alerts"."is_open";--> statement-breakpoint
CREATE INDEX "drift_alerts_of_a_model" ON "drift_alerts" USING btree ("model","position");--> statement-breakpoint
CREATE INDEX "drift_deliveries_by_state" ON "drift_deliveries" USING btree ("state","next_at_ms");