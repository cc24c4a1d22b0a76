#include "tests/unit/counter_bare.h"

void counter_bare_begin(struct counter *c, struct counter_engine *engine)
{
	c->outbox.config = c->desk.config = c->auth.config = &c->config;
	c->hub = c->desk.hub = c->outbox.hub = counter_hub_new();
	c->desk.engine = engine;
	pthread_mutex_init(&c->desk.lock, NULL);
	pthread_cond_init(&c->desk.changed, NULL);
	pthread_mutex_init(&c->outbox.lock, NULL);
	pthread_cond_init(&c->outbox.changed, NULL);
	pthread_mutex_init(&c->auth.lock, NULL);
}

void counter_bare_end(struct counter *c)
{
	counter_hub_free(c->hub);
	counter_config_free(&c->config);
	pthread_mutex_destroy(&c->desk.lock);
	pthread_cond_destroy(&c->desk.changed);
	pthread_mutex_destroy(&c->outbox.lock);
	pthread_cond_destroy(&c->outbox.changed);
	pthread_mutex_destroy(&c->auth.lock);
}
