/* SPDX-License-Identifier: GPL-2.0-only */
/* Search trees with the kernel's names. They need not be balanced here. */
#ifndef UNIT_TREE_H
#define UNIT_TREE_H

#include <stddef.h>

struct rb_node {
	struct rb_node *rb_left, *rb_right, *parent;
};

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT			((struct rb_root) { })
#define RB_CLEAR_NODE(node)	((node)->parent = (node))
#define RB_EMPTY_NODE(node)	((node)->parent == (node))
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	*node = (struct rb_node) { .parent = parent };
	*link = node;
}

static inline void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	(void)node;
	(void)root;
}

static inline struct rb_node *rb_leftmost(struct rb_node *node)
{
	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static inline struct rb_node *rb_first(const struct rb_root *root)
{
	return rb_leftmost(root->rb_node);
}

static inline struct rb_node *rb_next(const struct rb_node *node)
{
	if (node->rb_right)
		return rb_leftmost(node->rb_right);
	while (node->parent && node == node->parent->rb_right)
		node = node->parent;
	return node->parent;
}

static inline void rb_put_in_place(struct rb_root *root, struct rb_node *old, struct rb_node *new)
{
	if (!old->parent)
		root->rb_node = new;
	else if (old->parent->rb_left == old)
		old->parent->rb_left = new;
	else
		old->parent->rb_right = new;
	if (new)
		new->parent = old->parent;
}

static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *next;

	if (!node->rb_left || !node->rb_right) {
		rb_put_in_place(root, node, node->rb_left ? node->rb_left : node->rb_right);
		return;
	}
	next = rb_leftmost(node->rb_right);
	if (next->parent != node) {
		rb_put_in_place(root, next, next->rb_right);
		next->rb_right = node->rb_right;
		next->rb_right->parent = next;
	}
	rb_put_in_place(root, node, next);
	next->rb_left = node->rb_left;
	next->rb_left->parent = next;
}

#endif
