CREATE TABLE "drift_refusals" (
	"model" text NOT NULL,
	"version" integer NOT NULL,
	"reason" text NOT NULL,
	"num_windows" bigint NOT NULL,
	CONSTRAINT "drift_refusals_once" PRIMARY KEY("model","version","reason")
);
